import type { UnixMs } from '../core/time.ts';
import type { Welcome } from '../wire/generated/headgate/v1/uplink.ts';
import type { Companion, GatewayMessage } from './companion.ts';

/** Listens to what time the collector has when a connection stands. */
export class CollectorClock implements Companion {
  readonly #heard: (unixMs: UnixMs, uncertaintyMs: number) => void;

  /** @param heard told what the collector's clock says now, and by how much the way it took may have made that wrong */
  constructor(heard: (unixMs: UnixMs, uncertaintyMs: number) => void) {
    this.#heard = heard;
  }

  connected(_send: (message: GatewayMessage) => void, { now }: Welcome, roundTripMs: number): void {
    if (now === undefined) return;
    // It was read somewhere on the way there and back: in the middle, for want of something better.
    const halfMs = roundTripMs / 2;
    this.#heard(Number(now.seconds) * 1000 + now.nanos / 1e6 + halfMs, halfMs);
  }
}
