import type { Lane } from './lane.ts';

/** Devices whose order is followed over several lanes; beyond it all lanes are sealed, and it starts anew. */
const maxDevices = 10_000;

/**
 * Keeps a device's order where its records go under several rules of one priority. Sequences are given when a batch is
 * sealed, and the uplink goes by them: so what the device sent before, under another rule, gets its own first.
 */
export class DeviceOrder {
  /** The lane that a device's last record went to. */
  readonly #last = new Map<string, Lane>();

  /** The lanes to seal before a record of the device goes to `lane`. */
  sealBefore(lane: Lane, device: string, lanes: Iterable<Lane>): Iterable<Lane> {
    const before = this.#last.get(device);
    if (before === lane) return [];
    const isFull = this.#last.size >= maxDevices;
    if (isFull) this.#last.clear();
    this.#last.set(device, lane);
    if (isFull) return lanes;
    return before === undefined ? [] : [before];
  }
}
