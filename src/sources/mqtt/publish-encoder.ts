/** What a PUBLISH to a subscriber says (MQTT 5.0 § 3.3). */
export interface OutgoingPublish {
  /** Empty where the alias stands for it. */
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly dup: boolean;
  /** QoS 1 and 2. */
  readonly packetId: number;
  /** As its publisher sent them; only for MQTT 5. */
  readonly properties: Readonly<Record<string, unknown>> | undefined;
  readonly ids: readonly number[] | undefined;
  /** What is left of its time, in seconds. */
  readonly expirySeconds: number | undefined;
  readonly alias: number | undefined;
}

const property = {
  payloadFormatIndicator: 0x01,
  messageExpiryInterval: 0x02,
  contentType: 0x03,
  responseTopic: 0x08,
  correlationData: 0x09,
  subscriptionIdentifier: 0x0b,
  topicAlias: 0x23,
  userProperty: 0x26,
} as const;

const nothing = Buffer.alloc(0);
const noProperties = Buffer.of(0);

/** All of a PUBLISH but its payload, which follows. */
export function publishHead(packet: OutgoingPublish, version: number): Buffer {
  const { topic, payload, qos, retain, dup, packetId } = packet;
  const topicLength = Buffer.byteLength(topic);
  const properties = version === 5 ? propertiesOf(packet) : nothing;
  const variable = 2 + topicLength + (qos > 0 ? 2 : 0) + properties.length;
  const remaining = variable + payload.length;
  const lengthBytes = variableBytes(remaining);
  const head = Buffer.allocUnsafe(1 + lengthBytes + variable);
  head[0] = 0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
  let at = putVariable(head, remaining, 1);
  at = head.writeUInt16BE(topicLength, at);
  at += head.write(topic, at);
  if (qos > 0) at = head.writeUInt16BE(packetId, at);
  properties.copy(head, at);
  return head;
}

/** A property section with its length; mind that {@link publishHead} asks this for every message to an MQTT 5 client. */
function propertiesOf({ properties, ids, expirySeconds, alias }: OutgoingPublish): Buffer {
  if (properties === undefined && ids === undefined && expirySeconds === undefined && alias === undefined) {
    return noProperties;
  }
  const parts: Buffer[] = [];
  const { payloadFormatIndicator, contentType, responseTopic, correlationData, userProperties } = properties ?? {};
  if (payloadFormatIndicator === true) parts.push(Buffer.of(property.payloadFormatIndicator, 1));
  if (expirySeconds !== undefined) {
    const bytes = Buffer.of(property.messageExpiryInterval, 0, 0, 0, 0);
    bytes.writeUInt32BE(expirySeconds, 1);
    parts.push(bytes);
  }
  if (typeof contentType === 'string') parts.push(Buffer.of(property.contentType), text(contentType));
  if (typeof responseTopic === 'string') parts.push(Buffer.of(property.responseTopic), text(responseTopic));
  if (correlationData instanceof Uint8Array) parts.push(Buffer.of(property.correlationData), binary(correlationData));
  for (const id of ids ?? []) {
    const bytes = Buffer.alloc(1 + variableBytes(id));
    bytes[0] = property.subscriptionIdentifier;
    putVariable(bytes, id, 1);
    parts.push(bytes);
  }
  if (alias !== undefined) parts.push(Buffer.of(property.topicAlias, alias >>> 8, alias & 0xff));
  for (const [name, value] of pairsOf(userProperties)) {
    parts.push(Buffer.of(property.userProperty), text(name), text(value));
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const lengthOf = Buffer.alloc(variableBytes(length));
  putVariable(lengthOf, length, 0);
  return Buffer.concat([lengthOf, ...parts]);
}

/** User properties in their order, as {@link guardClient}'s parser gives them, or by name, as MQTT.js' users do. */
export function pairsOf(properties: unknown): readonly (readonly [string, string])[] {
  if (Array.isArray(properties)) return properties;
  if (typeof properties !== 'object' || properties === null) return [];
  return Object.entries(properties).flatMap(([name, value]: [string, string | string[]]) =>
    [value].flat().map((one) => [name, one] as const),
  );
}

function text(value: string): Buffer {
  return binary(Buffer.from(value));
}

function binary(value: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(2 + value.length);
  bytes.writeUInt16BE(value.length);
  bytes.set(value, 2);
  return bytes;
}

/** MQTT 5.0 § 1.5.5. */
function variableBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;
}

function putVariable(bytes: Buffer, value: number, at: number): number {
  let rest = value;
  let to = at;
  do {
    const digit = rest % 0x80;
    rest = Math.floor(rest / 0x80);
    bytes[to++] = rest > 0 ? digit | 0x80 : digit;
  } while (rest > 0);
  return to;
}
