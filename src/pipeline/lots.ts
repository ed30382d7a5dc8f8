import { crc32 } from 'node:zlib';
import type { Decision } from '../admission/rules.ts';
import type { Handling } from '../core/handling.ts';
import type { Measurement } from '../core/measurement.ts';
import type { DeliveryKey } from '../core/message.ts';

/** What of one message goes to one lane: it is stored all at once, or not at all. */
export interface Lot {
  readonly handling: Handling;
  /** In the message's order, ≥ 1. */
  readonly measurements: readonly Measurement[];
  /** Of each, which of the message's measurements it is. */
  readonly indexes: readonly number[];
}

/** A measurement that is not kept. */
export interface Left {
  readonly handling: Handling;
  readonly verdict: 'thinned' | 'not-forwarded';
  readonly measurement: Measurement;
}

/** Sorts a message's measurements by what was decided of them. */
export function divide(
  measurements: readonly Measurement[],
  decisions: readonly Decision[],
): { readonly lots: readonly Lot[]; readonly left: readonly Left[] } {
  const lots = new Map<Handling, { handling: Handling; measurements: Measurement[]; indexes: number[] }>();
  const left: Left[] = [];
  for (const [index, measurement] of measurements.entries()) {
    const { handling, verdict } = decisions[index]!;
    if (verdict !== 'keep') {
      left.push({ handling, verdict, measurement });
      continue;
    }
    let lot = lots.get(handling);
    if (lot === undefined) {
      lot = { handling, measurements: [], indexes: [] };
      lots.set(handling, lot);
    }
    lot.measurements.push(measurement);
    lot.indexes.push(index);
  }
  return { lots: [...lots.values()], left };
}

/**
 * The delivery key that goes to the disk with a lot's last record. Of a message that goes to several lanes each lot has one
 * that says it is of a part: after a crash the message counts as taken when all of its parts were stored, and else all
 * of it is taken in again. What a rule keeps in memory only is nothing to wait for.
 */
export function deliveryOf(key: DeliveryKey | undefined, lot: Lot, lots: readonly Lot[]): DeliveryKey | undefined {
  if (key === undefined || lots.length === 1) return key;
  const stored = lots.filter(({ handling }) => handling.durability !== 'memory');
  if (stored.length < 2) return key;
  const division = crc32(JSON.stringify(stored.map(({ handling, indexes }) => [handling, indexes])));
  const { client, packetId, digest } = key;
  return { client, packetId, digest, part: { index: stored.indexOf(lot), of: stored.length, division } };
}

/** Its source need not wait until it is on the disk. */
export function isEarly({ durability }: Handling): boolean {
  return durability === 'relaxed' || durability === 'memory';
}
