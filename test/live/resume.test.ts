import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveBatch, LiveSink } from '../../src/core/live.ts';
import type { LiveHub } from '../../src/live/hub.ts';
import type { Subscription } from '../../src/live/subscription.ts';
import { FakeTime } from '../support/fake-time.ts';
import { randomOf } from '../support/random.ts';
import { hubAt, taken } from './fixtures.ts';

/** A client over a connection that breaks anywhere, with whatever was on its way, and that comes back with its last cursor. */
class Client implements LiveSink {
  readonly #hub: LiveHub;
  readonly #device: string | undefined;
  readonly numbers: number[] = [];
  /** Ranges of numbers in which it was told that something is missing. */
  readonly told: (readonly [from: number, to: number])[] = [];
  missed = 0;
  resets = 0;
  /** Of what comes next so many events arrive before the connection breaks; undefined: all. */
  #arriving: number | undefined;
  #isFull = false;
  #subscription: Subscription;
  #cursor: string | undefined;

  constructor(hub: LiveHub, device: string | undefined) {
    this.#hub = hub;
    this.#device = device;
    this.#subscription = this.#connect();
  }

  deliver(batch: LiveBatch): boolean {
    if (this.#arriving === 0) return false;
    if (batch.gap !== undefined) {
      this.told.push([batch.gap.from, batch.gap.to]);
      this.missed += batch.gap.missed;
    }
    for (const { number } of batch.events) {
      if (this.#arriving === 0) return false;
      this.numbers.push(number);
      this.#cursor = `${batch.epoch}-${number}`;
      if (this.#arriving !== undefined) this.#arriving--;
    }
    return !this.#isFull && this.#arriving === undefined;
  }

  ended(): void {}

  breakAfter(events: number): void {
    this.#arriving = events;
  }

  reconnect(): void {
    this.#subscription.close();
    this.#arriving = undefined;
    this.#isFull = false;
    this.#subscription = this.#connect();
  }

  freeze(): void {
    this.#isFull = true;
  }

  thaw(): void {
    this.#isFull = false;
    this.#subscription.resume();
  }

  #connect(): Subscription {
    const filter = this.#device === undefined ? {} : { devices: [this.#device] };
    const subscription = this.#hub.subscribe({ filter, after: this.#cursor, sink: this });
    const { cursor, reset } = subscription.start;
    if (reset !== undefined) {
      this.resets++;
      this.told.push([numberOf(this.#cursor) + 1, numberOf(cursor)]);
    }
    this.#cursor = cursor;
    return subscription;
  }
}

const numberOf = (cursor = ''): number => Number(cursor.split('-')[1]);

const small = {
  measured: { keepMs: 0, keepCount: 400, maxCount: 400, maxBytes: 1e9 },
  lasting: { keepMs: 0, keepCount: 100, maxCount: 100, maxBytes: 1e9 },
};

for (const [what, bounds, perRound, perPause] of [
  ['while everything is kept', {}, 40, 100],
  ['while more comes in than is kept', small, 300, 100],
  ['while more comes in than can be given out', {}, 2_500, 2_000],
] as const) {
  test(`each of four clients loses its connection a hundred times, ${what}: each event comes once, or is told`, async (t) => {
    const time = new FakeTime();
    time.start();
    t.after(() => time.stop());
    const random = randomOf(7);
    const upTo = (max: number): number => Math.floor(random.next() * max);
    const hub = hubAt(time, bounds);
    const clients = Array.from({ length: 4 }, (_, index) => new Client(hub, index < 2 ? undefined : `d${index}`));
    const devices: (string | undefined)[] = [undefined];
    const lasting = new Set<number>();
    for (let round = 0; round < 400; round++) {
      const client = clients[round % clients.length]!;
      if (upTo(3) === 0) client.freeze();
      else client.breakAfter(upTo(50));
      for (let i = upTo(perRound); i >= 0; i--) {
        const device = `d${upTo(12)}`;
        devices.push(device);
        if (upTo(20) === 0) {
          lasting.add(devices.length - 1);
          hub.tell({ kind: 'device', deviceId: device, atMs: 0, body: {} });
        } else hub.taken(taken(device, i));
        if (upTo(perPause) === 0) await time.advance(upTo(30));
      }
      await time.advance(upTo(60), 10);
      if (upTo(2) === 0) client.thaw();
      client.reconnect();
    }
    await time.advance(10_000, 20);
    let repeated = 0;
    for (const [index, { numbers, told, missed, resets }] of clients.entries()) {
      const seen = new Set(numbers);
      repeated += numbers.length - seen.size;
      for (let i = 1; i < numbers.length; i++) assert.ok(numbers[i]! > numbers[i - 1]!, 'none twice, all in order');
      let absent = 0;
      for (let number = 1; number < devices.length; number++) {
        if (index >= 2 && devices[number] !== `d${index}`) {
          assert.ok(!seen.has(number), 'nothing that was not asked for');
          continue;
        }
        if (seen.has(number)) continue;
        absent++;
        const isTold = told.some(([from, to]) => from <= number && number <= to);
        assert.ok(isTold, `client ${index} was not told that ${number} is missing`);
        if (resets === 0 && bounds !== small) assert.ok(!lasting.has(number), 'what lasts is never left out');
      }
      if (perRound === 40) assert.equal(absent, 0);
      else if (index < 2) assert.ok(absent > 0, 'there was something to lose');
      if (resets === 0) assert.ok(missed >= absent, `${missed} were told, ${absent} are missing`);
    }
    assert.equal(repeated, 0);
  });
}
