import { HeadgateError, kindOf } from '../../core/errors.ts';

/** MQTT 5.0 § 2.4: the reason codes that we send. */
export const reasonCode = {
  success: 0x00,
  noSubscriptionExisted: 0x11,
  unspecified: 0x80,
  malformedPacket: 0x81,
  protocolError: 0x82,
  clientIdentifierNotValid: 0x85,
  notAuthorized: kindOf('access.denied').mqtt,
  serverBusy: 0x89,
  keepAliveTimeout: 0x8d,
  topicFilterInvalid: 0x8f,
  topicNameInvalid: 0x90,
  packetTooLarge: 0x95,
  quotaExceeded: 0x97,
  payloadFormatInvalid: 0x99,
} as const;

const byMessage: readonly (readonly [RegExp, number])[] = [
  [/keep alive timeout/, reasonCode.keepAliveTimeout],
  [/user properties/, reasonCode.quotaExceeded],
  [/Response Topic|Invalid protocol|identifier is missing/, reasonCode.protocolError],
  [
    /QoS is 3|both QoS bits|Cannot parse|Invalid|Malformed|must be|Unknown property|Not supported|too short/i,
    reasonCode.malformedPacket,
  ],
  [/topic|not allowed in PUBLISH|not valid UTF-8/i, reasonCode.topicNameInvalid],
];

/** What an MQTT 5 client is told of a message that could not be taken in, as its connection ends. */
export function refusalCodeOf(error: unknown): number {
  return error instanceof HeadgateError ? kindOf(error.code).mqtt : reasonCode.serverBusy;
}

/** What an MQTT 5 client is told of a fault that ends its connection. aedes and its parser tell theirs apart by their texts alone. */
export function disconnectCodeOf(fault: string): number {
  return byMessage.find(([pattern]) => pattern.test(fault))?.[1] ?? reasonCode.unspecified;
}

const texts: Readonly<Record<number, string>> = {
  [reasonCode.notAuthorized]: 'the client may not be here any more',
  [reasonCode.serverBusy]: 'the message could not be taken in: it may be sent again',
  139: 'the gateway is stopping',
  142: 'another connection has taken over this client id',
  148: 'the topic alias is unknown or too large',
  [reasonCode.quotaExceeded]: 'the buffer has no room: the message may be sent again later',
  [reasonCode.packetTooLarge]: 'the packet is larger than mqtt.maxPacketSize',
};

/** A reason in words; undefined for one that is told with words of its own. */
export function reasonText(code: number): string | undefined {
  return texts[code];
}
