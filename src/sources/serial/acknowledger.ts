import { crc32 } from 'node:zlib';
import type { DeliveryKey, RecentDelivery } from '../../core/message.ts';
import type { MonotonicMs } from '../../core/time.ts';
import type { Acknowledgement } from '../../profiles/acknowledgement.ts';

/** Writes to the device, as long as the connection lasts on which it sent the frame. */
export type Reply = (bytes: Uint8Array) => void;

export interface AcknowledgerDependencies {
  /** The port's name. */
  readonly port: string;
  /** Hands a frame in; `taken` is called when its record is durable. */
  readonly push: (frame: Uint8Array, delivery: DeliveryKey | undefined, taken: () => void) => void;
  readonly now: () => MonotonicMs;
  /** Another frame than the last one is on record: that one will not come again. */
  readonly onNext: () => void;
}

/** An acknowledgement that waits for its frame's record, or for those before it. */
interface Owed {
  readonly bytes: Uint8Array;
  reply: Reply;
  state: 'awaited' | 'due' | 'paid';
}

interface Last {
  readonly digest: number;
  /** When it came last. */
  at: MonotonicMs;
  /** What is owed for it; undefined: an earlier run has it on record. */
  readonly owed: Owed | undefined;
}

/**
 * Tells a device what was taken of it: each frame when its record is durable, in their order. A frame that comes again, as its
 * acknowledgement got lost, is acknowledged without a second record, also after a crash between the two.
 */
export class Acknowledger {
  readonly #deps: AcknowledgerDependencies;
  readonly #owed: Owed[] = [];
  #last: Last | undefined;
  readonly counts = { acknowledged: 0, repeated: 0, refused: 0 };

  constructor(deps: AcknowledgerDependencies) {
    this.#deps = deps;
  }

  /** Its name in delivery keys. No MQTT client can have it: a text of MQTT holds no NUL. */
  get client(): string {
    return `\0serial:${this.#deps.port}`;
  }

  /** The last frame that an earlier run has on record. */
  restore({ digest, agoMs }: RecentDelivery): void {
    this.#last = { digest, at: this.#deps.now() - agoMs, owed: undefined };
  }

  /** @param reply writes on the connection over which it came */
  heard(frame: Uint8Array, { reply: replyTo, againMs }: Acknowledgement, reply: Reply): void {
    const bytes = replyTo(frame);
    if (bytes === undefined) {
      this.#deps.push(frame, undefined, () => {});
      return;
    }
    const digest = crc32(frame);
    const now = this.#deps.now();
    const last = this.#last;
    if (last !== undefined && last.digest === digest && now - last.at <= againMs) {
      this.counts.repeated++;
      last.at = now;
      // What is owed for it is owed once, to whoever sent it last.
      if (last.owed !== undefined && last.owed.state !== 'paid') last.owed.reply = reply;
      else this.#owe({ bytes, reply, state: 'due' });
      return;
    }
    const owed: Owed = { bytes, reply, state: 'awaited' };
    this.#last = { digest, at: now, owed };
    this.#owe(owed);
    this.#deps.push(frame, { client: this.client, packetId: 1, digest }, () => {
      owed.state = 'due';
      this.#deps.onNext();
      this.#pay();
    });
  }

  #owe(owed: Owed): void {
    this.#owed.push(owed);
    this.#pay();
  }

  #pay(): void {
    while (this.#owed[0]?.state === 'due') {
      const owed = this.#owed.shift()!;
      owed.state = 'paid';
      this.counts.acknowledged++;
      owed.reply(owed.bytes);
    }
  }
}
