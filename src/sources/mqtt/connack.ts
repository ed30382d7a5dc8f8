import { generate, type IConnackPacket, type Packet, parser } from 'mqtt-packet';

/** What CONNACK says beyond what aedes knows. */
export interface Welcome {
  /** The client goes on with a session of its own. */
  readonly isSessionPresent: boolean;
  readonly version: number;
}

/**
 * CONNACK as it goes out. aedes knows nothing of sessions without subscriptions, nor that subscriptions can be shared here.
 *
 * @param bytes what aedes has written; when it is anything but a CONNACK that lets the client in, it is left as it is
 */
export function editConnack(bytes: Buffer, { isSessionPresent, version }: Welcome): Buffer {
  const packet = parse(bytes, version);
  if (packet === undefined || (packet.returnCode ?? packet.reasonCode ?? 0) !== 0) return bytes;
  if (version < 5) {
    // MQTT 3.1 has no such flag.
    if (version === 4 && isSessionPresent) bytes[2] = 1;
    return bytes;
  }
  const { sharedSubscriptionAvailable: _never, ...properties } = packet.properties ?? {};
  return generate({ ...packet, sessionPresent: isSessionPresent, properties }, { protocolVersion: 5 });
}

/** CONNACK of MQTT 5 (§ 3.2) without a session and properties, but for its reason code. */
export function refusal(reasonCode: number): Buffer {
  return Buffer.from([0x20, 3, 0, reasonCode, 0]);
}

function parse(bytes: Buffer, version: number): IConnackPacket | undefined {
  let found: Packet | undefined;
  const reader = parser({ protocolVersion: version });
  reader.on('packet', (packet) => {
    found ??= packet;
  });
  // Then it is none that lets anybody in.
  reader.on('error', () => {});
  const rest = reader.parse(bytes);
  return rest === 0 && found?.cmd === 'connack' ? found : undefined;
}
