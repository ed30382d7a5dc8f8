import { owned } from './owned.ts';

/** A packet as it is kept: what it says, and nothing of whom it came from. */
export interface KeptPacket {
  readonly cmd?: string;
  readonly topic?: string;
  readonly payload?: string | Buffer;
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
  messageId?: number | undefined;
  /** MQTT 5.0 § 3.3.2.3.3: when it is not worth delivering any more, in operating time. */
  readonly expiresAtMs?: number | undefined;
  /** Subscription identifiers for the one client that it is for. */
  readonly ids?: readonly number[] | undefined;
  /** MQTT 5.0 § 2.2.2 */
  readonly properties?: Readonly<Record<string, unknown>>;
}

const lengthBytes = 4;
/** What a user property takes in memory besides its texts, roughly. */
const overheadOfPair = 64;

/**
 * A packet as bytes: the length of a JSON text (32 bits, little endian), that text, and the payload as it came.
 *
 * @param more what belongs to it besides; it comes back beside the packet
 */
export function encodePacket(packet: KeptPacket, more: object = {}): Uint8Array {
  const { cmd, topic, qos, retain, messageId, expiresAtMs, ids, properties, payload = '' } = packet;
  const header = Buffer.from(
    JSON.stringify({ cmd, topic, qos, retain, messageId, expiresAtMs, ids, ...encodeProperties(properties), more }),
  );
  const bytes = Buffer.from(payload);
  const encoded = Buffer.allocUnsafeSlow(lengthBytes + header.length + bytes.length);
  encoded.writeUInt32LE(header.length);
  header.copy(encoded, lengthBytes);
  bytes.copy(encoded, lengthBytes + header.length);
  return encoded;
}

/** What {@link encodePacket} made bytes of; undefined when it was not that. */
export function decodePacket(bytes: Uint8Array): { packet: KeptPacket; more: Record<string, unknown> } | undefined {
  const encoded = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (encoded.length < lengthBytes) return undefined;
  const end = lengthBytes + encoded.readUInt32LE();
  if (end > encoded.length) return undefined;
  try {
    const { more, properties, correlation, ...fields } = JSON.parse(encoded.toString('utf8', lengthBytes, end));
    const correlationData = correlation === undefined ? {} : { correlationData: Buffer.from(correlation, 'base64') };
    const isV5 = properties !== undefined;
    return {
      packet: {
        ...fields,
        payload: owned(encoded.subarray(end)),
        ...(isV5 && { properties: { ...properties, ...correlationData } }),
      },
      more,
    };
  } catch {
    // Not JSON: written by something else.
    return undefined;
  }
}

/** Bytes of a packet's topic, payload and properties, roughly. */
export function sizeOfPacket({ topic = '', payload, properties }: KeptPacket): number {
  let size = topic.length + (payload?.length ?? 0);
  if (properties === undefined) return size;
  for (const value of Object.values(properties)) {
    if (typeof value === 'string' || value instanceof Uint8Array) size += value.length;
    else if (Array.isArray(value)) for (const pair of value) size += String(pair).length + overheadOfPair;
  }
  return size;
}

/** The one property of a PUBLISH that is bytes goes apart, since JSON has none (MQTT 5.0 § 3.3.2.3.6). */
function encodeProperties(properties: KeptPacket['properties']): object {
  if (properties === undefined) return {};
  const { correlationData, ...rest } = properties;
  if (!(correlationData instanceof Uint8Array)) return { properties: rest };
  return { properties: rest, correlation: Buffer.from(correlationData).toString('base64') };
}
