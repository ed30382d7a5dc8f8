import type { Fact, LiveEvent, LiveKind } from '../core/live.ts';
import type { Taken } from '../core/taken.ts';
import type { MonotonicMs } from '../core/time.ts';
import type { Series } from './series.ts';

/** What an event's objects take beside their texts, in bytes: measured, rounded up. */
const eventBytes = 400;
const fieldBytes = 80;

/** An event as the feed keeps it. */
export class FeedEvent implements LiveEvent {
  readonly number: number;
  readonly kind: LiveKind;
  readonly taken: Taken | undefined;
  readonly fact: Fact | undefined;
  /** Whose value it is. It may be left out for a slow reader once the series has a newer one. Undefined: it is never left out. */
  readonly series: Series | undefined;
  /** When it came. */
  readonly atMs: MonotonicMs;
  /** About what it takes in memory, and as text. */
  readonly bytes: number;
  json = '';

  constructor(
    number: number,
    taken: Taken | undefined,
    fact: Fact | undefined,
    series: Series | undefined,
    atMs: MonotonicMs,
  ) {
    this.number = number;
    this.kind = fact === undefined ? 'measurement' : fact.kind;
    this.taken = taken;
    this.fact = fact;
    this.series = series;
    this.atMs = atMs;
    this.bytes = taken === undefined ? eventBytes + 400 : sizeOf(taken);
  }
}

/**
 * Whether a newer event of its series takes its place for whoever can't follow. Not that of a message that says that something
 * happened, at an instant and without a value that lasts.
 */
export function isReplaceable({ taken }: FeedEvent): boolean {
  return taken !== undefined && taken.kind !== 'event';
}

function sizeOf({ measurement: { fields, deviceId }, topic, payload }: Taken): number {
  // Its text is kept beside the bytes once somebody reads it.
  let bytes = eventBytes + deviceId.length + 2 * topic.length + (payload === undefined ? 0 : 3 * payload.length);
  for (let i = 0; i < fields.length; i++) {
    const { name, value } = fields[i]!;
    bytes += fieldBytes + name.length;
    if (typeof value === 'string' || typeof value === 'object') bytes += 3 * value.length;
  }
  return bytes;
}
