import type { Discarded } from '../../profiles/framing/framer.ts';
import { discardReasons, type SerialPortStatus } from './status.ts';

/** What of a port was in no frame. */
export class Discards {
  readonly #bytes = new Map(discardReasons.map((reason) => [reason, 0]));
  #sample: Uint8Array | undefined;

  add({ reason, bytes, sample }: Discarded): void {
    this.#bytes.set(reason, (this.#bytes.get(reason) ?? 0) + bytes);
    this.#sample = sample;
  }

  status(): SerialPortStatus['discarded'] {
    const bytes = Object.fromEntries(this.#bytes) as SerialPortStatus['discarded']['bytes'];
    return { bytes, sample: this.#sample === undefined ? null : Buffer.from(this.#sample).toString('hex') };
  }
}
