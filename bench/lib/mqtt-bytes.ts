// The few MQTT 3.1.1 packets that load needs, as bytes: nothing is encoded or parsed while a load runs.

/** Packet types, the upper half of a packet's first byte (MQTT 3.1.1 § 2.2.1), QoS 1 PUBLISH included. */
const first = { connect: 0x10, publishQos1: 0x32, puback: 0x40, pingreq: 0xc0 };

/** CONNECT: clean session, no keepalive. */
export function connectPacket(clientId: string): Buffer {
  const id = Buffer.from(clientId);
  const body = [text('MQTT'), Buffer.from([4, 0x02, 0, 0]), text(id)];
  return packet(first.connect, body);
}

/** PUBLISH with QoS 1. `id` is 1 to 65,535. */
export function publishPacket(topic: string, payload: string, id: number): Buffer {
  return packet(first.publishQos1, [text(topic), Buffer.from([id >> 8, id & 0xff]), Buffer.from(payload)]);
}

export const pingPacket = Buffer.from([first.pingreq, 0]);

function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

function packet(type: number, body: readonly Buffer[]): Buffer {
  let rest = body.reduce((sum, part) => sum + part.length, 0);
  const head = [type];
  do {
    head.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from(head), ...body]);
}

/**
 * Reads what a broker answers: PUBACK, which is four bytes, and nothing else but two- and four-byte packets (CONNACK,
 * PINGRESP). Chunks may be cut anywhere.
 */
export class AnswerScanner {
  readonly #onPuback: (id: number) => void;
  readonly #onOther: (type: number, lastByte: number) => void;
  /** Bytes of a packet that the last chunk cut off. */
  readonly #held = Buffer.alloc(4);
  #heldLength = 0;

  /**
   * @param onPuback called with the packet id
   * @param onOther called with the packet's first byte, and its last (CONNACK's return code)
   */
  constructor(onPuback: (id: number) => void, onOther: (type: number, lastByte: number) => void) {
    this.#onPuback = onPuback;
    this.#onOther = onOther;
  }

  /** @throws an Error when a packet is none of those */
  scan(chunk: Uint8Array, length = chunk.length): void {
    let at = 0;
    while (this.#heldLength > 0 && at < length) {
      this.#held[this.#heldLength++] = chunk[at++]!;
      if (this.#heldLength < 2 || this.#heldLength < this.#held[1]! + 2) continue;
      const size = this.#heldLength;
      this.#heldLength = 0;
      this.#packet(this.#held, 0, size);
    }
    while (at < length) {
      const size = at + 1 < length ? chunk[at + 1]! + 2 : 2;
      if (at + 1 >= length || at + size > length) {
        if (size > 4) throw new Error(`an answer of ${size} bytes, type ${chunk[at]! >> 4}`);
        this.#held.set(chunk.subarray(at, length));
        this.#heldLength = length - at;
        return;
      }
      this.#packet(chunk, at, size);
      at += size;
    }
  }

  #packet(bytes: Uint8Array, at: number, size: number): void {
    if (bytes[at] === first.puback && size === 4) this.#onPuback((bytes[at + 2]! << 8) | bytes[at + 3]!);
    else if (size <= 4) this.#onOther(bytes[at]!, bytes[at + size - 1]!);
    else throw new Error(`an answer of ${size} bytes, type ${bytes[at]! >> 4}`);
  }
}
