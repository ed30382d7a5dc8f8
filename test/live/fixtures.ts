import type { LiveBatch, LiveEnd, LiveGap, LiveRequest, LiveSink } from '../../src/core/live.ts';
import type { FieldValue } from '../../src/core/measurement.ts';
import type { Taken } from '../../src/core/taken.ts';
import type { HubBounds } from '../../src/live/bounds.ts';
import { LiveHub } from '../../src/live/hub.ts';
import type { Subscription } from '../../src/live/subscription.ts';
import type { FakeTime } from '../support/fake-time.ts';

/** A device's value. */
export function taken(
  deviceId: string,
  value: FieldValue,
  rest: Partial<Taken> & { readonly field?: string } = {},
): Taken {
  const { field = 'value', ...others } = rest;
  return {
    measurement: { deviceId, fields: [{ name: field, value }] },
    kind: 'measurement',
    source: 'mqtt',
    topic: `t/${deviceId}`,
    receivedAtMs: 1_000,
    clockQuality: 'synced',
    profile: undefined,
    sequence: 0,
    payload: undefined,
    ...others,
  };
}

/** A hub that goes by a test's clock, on a main thread with nothing else to do. */
export function hubAt(time: FakeTime, bounds: Partial<HubBounds> = {}): LiveHub {
  return new LiveHub({ clock: time, utilisation: () => 0, bounds });
}

/** A reader that notes what it gets, and can stop taking. */
export class Reader implements LiveSink {
  readonly numbers: number[] = [];
  readonly values: FieldValue[] = [];
  readonly gaps: LiveGap[] = [];
  readonly batches: LiveBatch[] = [];
  readonly ends: LiveEnd[] = [];
  isFull = false;
  subscription: Subscription;

  constructor(hub: LiveHub, request: Omit<LiveRequest, 'sink' | 'filter'> & Partial<Pick<LiveRequest, 'filter'>> = {}) {
    this.subscription = hub.subscribe({ filter: {}, ...request, sink: this });
  }

  deliver(batch: LiveBatch): boolean {
    this.batches.push(batch);
    if (batch.gap !== undefined) this.gaps.push(batch.gap);
    for (const { number, taken: one } of batch.events) {
      this.numbers.push(number);
      if (one !== undefined) this.values.push(one.measurement.fields[0]!.value);
    }
    return !this.isFull;
  }

  ended(why: LiveEnd): void {
    this.ends.push(why);
  }

  get missed(): number {
    return this.gaps.reduce((sum, { missed }) => sum + missed, 0);
  }

  /** It takes again. */
  drain(): void {
    this.isFull = false;
    this.subscription.resume();
  }
}
