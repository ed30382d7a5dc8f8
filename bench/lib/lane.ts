import { connect, type Socket } from 'node:net';
import { markTopic, monotonicMs, poolSize } from './load-protocol.ts';
import { AnswerScanner, connectPacket, publishPacket } from './mqtt-bytes.ts';
import { payload, seeded } from './payload.ts';

export interface LaneEvents {
  onConnected(): void;
  /** Acknowledgements came, at `atMs`: how many, in one read. */
  onAcknowledged(lane: Lane, count: number, atMs: number): void;
  /** One message's time from `since` to its acknowledgement, when times are kept. */
  onTime(ms: number): void;
  onFailed(reason: string): void;
}

const connackType = 0x20;

/**
 * One connection with its pool of ready packets. Packet n of the pool has packet id n + 1 and never changes, so sending
 * is one write of a slice, and what the kernel has not taken yet can't be overwritten.
 */
export class Lane {
  readonly #events: LaneEvents;
  readonly #socket: Socket;
  readonly #scanner: AnswerScanner;
  readonly #packets: Buffer;
  /** Where each packet of the pool starts, and after the last one where it ends. */
  readonly #starts = new Uint32Array(poolSize + 1);
  readonly #isInFlight = new Uint8Array(poolSize);
  /** When each packet in flight was (or should have been) sent; undefined when times are not kept. */
  readonly #since: Float64Array | undefined;
  readonly #name: string;
  #next = 0;
  #now = 0;
  #countInRead = 0;
  sent = 0;
  acknowledged = 0;
  /** What `sent` is to become before the lane rests. */
  upTo = 0;
  isEnding = false;

  constructor(index: number, port: number, isTimed: boolean, events: LaneEvents) {
    this.#events = events;
    this.#name = `connection ${index}`;
    this.#since = isTimed ? new Float64Array(poolSize) : undefined;
    const random = seeded(index + 1);
    const packets: Buffer[] = [];
    let at = 0;
    for (let slot = 0; slot < poolSize; slot++) {
      const topic = slot === poolSize - 1 ? `${markTopic}/${index}` : `bench/device-${index}/state`;
      const packet = publishPacket(topic, payload(random), slot + 1);
      packets.push(packet);
      this.#starts[slot] = at;
      at += packet.length;
    }
    this.#starts[poolSize] = at;
    this.#packets = Buffer.concat(packets);
    this.#scanner = new AnswerScanner(this.#onPuback, (type, code) => {
      if (type === connackType && code === 0) events.onConnected();
      else events.onFailed(`${this.#name} got packet type ${type >> 4} with code ${code}`);
    });
    // One buffer that every read of this socket uses again: nothing is allocated while the load runs.
    const onread = {
      buffer: Buffer.alloc(64 * 1024),
      callback: (length: number, bytes: Uint8Array) => this.#read(length, bytes),
    };
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true, onread });
    this.#socket.write(connectPacket(`bench-${process.pid}-${index}`));
    this.#socket.on('error', (error) => events.onFailed(`${this.#name}: ${error.message}`));
    this.#socket.on('close', () => {
      if (!this.isEnding) events.onFailed(`${this.#name} was closed by the broker`);
    });
  }

  get inFlight(): number {
    return this.sent - this.acknowledged;
  }

  /** Sends the next `count` packets of the pool in as few writes as there can be. */
  send(count: number, since: number): void {
    while (count > 0) {
      const from = this.#next;
      const to = Math.min(poolSize, from + count);
      for (let slot = from; slot < to; slot++) {
        if (this.#isInFlight[slot] === 1) {
          this.#events.onFailed(
            `${this.#name}: packet ${slot + 1} is still not acknowledged, ${poolSize} messages later`,
          );
          return;
        }
        this.#isInFlight[slot] = 1;
        if (this.#since !== undefined) this.#since[slot] = since;
      }
      this.#socket.write(this.#packets.subarray(this.#starts[from], this.#starts[to]));
      this.sent += to - from;
      count -= to - from;
      this.#next = to % poolSize;
    }
  }

  end(): void {
    this.isEnding = true;
    this.#socket.destroy();
  }

  #read(length: number, bytes: Uint8Array): boolean {
    this.#now = monotonicMs();
    this.#countInRead = 0;
    try {
      this.#scanner.scan(bytes, length);
    } catch (error) {
      this.#events.onFailed(`${this.#name}: ${String(error)}`);
      return false;
    }
    this.acknowledged += this.#countInRead;
    if (this.#countInRead > 0) this.#events.onAcknowledged(this, this.#countInRead, this.#now);
    return true;
  }

  readonly #onPuback = (id: number): void => {
    const slot = id - 1;
    if (this.#isInFlight[slot] !== 1) {
      this.#events.onFailed(`${this.#name}: an acknowledgement of ${id}, which is not in flight`);
      return;
    }
    this.#isInFlight[slot] = 0;
    this.#countInRead++;
    if (this.#since !== undefined) this.#events.onTime(this.#now - this.#since[slot]!);
  };
}
