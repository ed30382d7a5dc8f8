import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type ClockBuffer, GatewayClock } from '../../src/clock/clock.ts';
import type { Machine } from '../../src/clock/machine.ts';
import { MemoryDisk, shelfOn } from '../support/memory-shelf.ts';

const hour = 3_600_000;
const year = 365 * 24 * hour;
const truth = Date.UTC(2026, 10, 25);

/** A machine that a test turns: it boots, sleeps, and has a clock without a battery. */
class FakeMachine implements Machine {
  boot = 'boot-1';
  bootMs = 20_000;
  /** The true time at boot. */
  bootedAt = truth;
  aheadMs = -truth;
  synchronised = false;
  /** A process counts from its own start. */
  #startedMs = 0;
  readonly monotonic = () => this.bootMs - this.#startedMs;

  read() {
    return { bootMs: this.bootMs, systemMs: this.bootedAt + this.bootMs + this.aheadMs };
  }

  isSynchronised(): boolean {
    return this.synchronised;
  }

  now(): number {
    return this.bootedAt + this.bootMs;
  }

  restart(): void {
    this.#startedMs = this.bootMs;
  }

  reboot(id: string): void {
    this.bootedAt = this.now() + 30_000;
    this.boot = id;
    this.bootMs = 15_000;
    this.restart();
  }
}

/** Runs of a gateway on one data directory: each with its own process, clock and operating time. */
class Site {
  readonly machine = new FakeMachine();
  disk = new MemoryDisk();
  shelf = shelfOn(this.disk);
  clock!: GatewayClock;
  said: string[] = [];
  sealed = 0;
  #baseMs = 0;
  #startedMs = 0;

  get operatingMs(): number {
    return this.#baseMs + this.machine.bootMs - this.#startedMs;
  }

  async run(t: TestContext): Promise<void> {
    this.#startedMs = this.machine.bootMs;
    const site = this;
    this.shelf = shelfOn(this.disk);
    const buffer: ClockBuffer = {
      shelf: this.shelf,
      get operatingMs() {
        return site.operatingMs;
      },
      seal: () => this.sealed++,
    };
    const say = (_fields: object, text: string): void => {
      this.said.push(text);
    };
    const log = { info: say, warn: say, error: say, debug: say };
    this.clock = new GatewayClock({ machine: this.machine, buffer: () => buffer, log });
    await this.clock.start();
    t.after(() => this.clock.stop());
  }

  /** The process ends without a word. */
  async crash(t: TestContext, reboot?: string): Promise<void> {
    await this.clock.stop();
    this.#baseMs = this.operatingMs;
    this.disk = this.disk.afterCrash();
    if (reboot === undefined) this.machine.restart();
    else this.machine.reboot(reboot);
    await this.run(t);
  }

  /** Time goes by, with a look at the clock each second. */
  go(seconds: number): void {
    for (let i = 0; i < seconds; i++) {
      this.machine.bootMs += 1_000;
      this.clock.tick();
    }
  }

  /** A batch that begins now, and what its time really is. */
  take() {
    return {
      takenAtMs: this.clock.now(),
      ageAtMs: this.operatingMs,
      trueMs: this.machine.now(),
      quality: this.clock.quality(),
    };
  }
}

/** The time that arrives of a batch, minus the true one, and its quality. */
function arrives(site: Site, batch: ReturnType<Site['take']>): readonly [number, string] {
  const correction = site.clock.corrections.of(batch);
  return [batch.takenAtMs + (correction?.shiftMs ?? 0) - batch.trueMs, correction?.quality ?? batch.quality];
}

test('taken in at 1970: the collector tells the time, and what waits arrives with it', async (t) => {
  const site = new Site();
  await site.run(t);
  site.go(10);
  const early = site.take();
  assert.deepEqual([new Date(early.takenAtMs).getUTCFullYear(), early.quality], [1970, 'unset']);
  assert.deepEqual(arrives(site, early), [-truth, 'unset']);
  const sealed = site.sealed;
  site.go(5);
  site.clock.heard('collector', site.machine.now() + 20, 20);
  assert.equal(site.sealed, sealed + 1, 'no batch has records from before and after');
  assert.deepEqual(arrives(site, early), [20, 'estimated']);
  site.go(5);
  assert.deepEqual(arrives(site, site.take()), [20, 'estimated']);
  assert.equal(site.said.length, 2);
  assert.match(
    site.said[1]!,
    /^The collector has told the time: the gateway’s clock moves 20\d{3} d (\d+ h )?ahead, to 2026/,
  );
});

test('it is known to the next process of the boot, whenever the last one crashed', async (t) => {
  const site = new Site();
  await site.run(t);
  const first = site.take();
  site.go(5);
  await site.crash(t);
  const second = site.take();
  site.go(3);
  site.clock.heard('collector', site.machine.now(), 5);
  const third = site.take();
  // It could not be saved: the shelf writes a second later.
  await site.crash(t);
  assert.equal(site.clock.quality(), 'unset');
  assert.deepEqual(
    [first, second].map((one) => arrives(site, one)[1]),
    ['unset', 'unset'],
  );
  assert.deepEqual(arrives(site, third), [0, 'estimated'], 'what was right is not made wrong');
  site.go(3);
  site.clock.heard('collector', site.machine.now(), 5);
  for (const one of [first, second, third]) assert.deepEqual(arrives(site, one), [0, 'estimated']);
  await site.shelf.saved();
  await site.crash(t);
  assert.equal(site.clock.quality(), 'estimated');
  site.go(20);
  for (const one of [first, second, third]) assert.deepEqual(arrives(site, one), [0, 'estimated']);
});

test('after a reboot what nobody knew stays unset, and what was known stays known', async (t) => {
  const site = new Site();
  await site.run(t);
  const never = site.take();
  site.go(60);
  await site.crash(t, 'boot-2');
  const corrected = site.take();
  site.go(60);
  site.clock.heard('browser', site.machine.now(), 0);
  site.go(1);
  const known = site.take();
  await site.shelf.saved();
  await site.crash(t, 'boot-3');
  assert.equal(site.clock.quality(), 'unset', 'another boot has another clock');
  const forgotten = site.take();
  site.go(10);
  site.clock.heard('collector', site.machine.now(), 0);
  // That could not be saved.
  await site.crash(t, 'boot-4');
  site.clock.heard('collector', site.machine.now(), 0);
  const qualities = [never, corrected, known, forgotten, site.take()].map((one) => arrives(site, one)[1]);
  assert.deepEqual(qualities, ['unset', 'estimated', 'estimated', 'unset', 'estimated']);
  assert.equal(arrives(site, corrected)[0], 0);
});

test('time synchronisation steps the clock by 56 years: noticed within a second, told in one line', async (t) => {
  const site = new Site();
  await site.run(t);
  site.go(30);
  const early = site.take();
  site.machine.aheadMs = 0;
  // Between two looks records are still stamped by the old belief.
  const between = site.take();
  site.machine.synchronised = true;
  site.go(1);
  assert.deepEqual(arrives(site, early), [0, 'estimated']);
  assert.deepEqual(arrives(site, between), [0, 'estimated']);
  assert.deepEqual(arrives(site, site.take()), [0, 'synced']);
  site.go(30);
  assert.equal(site.said.length, 2);
  assert.match(
    site.said[1]!,
    /^The system’s clock has jumped 20\d{3} d (\d+ h )?ahead\. It is synchronised, so it is followed/,
  );
  assert.equal(site.clock.status().lastJump?.byMs, truth);
});

for (const off of [year, -year]) {
  test(`a system clock that jumps ${off / year} year is not followed when somebody better spoke`, async (t) => {
    const site = new Site();
    site.machine.aheadMs = 0;
    await site.run(t);
    const early = site.take();
    site.clock.heard('collector', site.machine.now(), 5);
    site.go(3);
    site.machine.aheadMs = off;
    site.go(20);
    assert.deepEqual(arrives(site, site.take()), [0, 'estimated']);
    assert.deepEqual(arrives(site, early), [0, 'estimated']);
    const jumps = site.said.filter((line) => /has jumped 365 d (ahead|back)\. It is not followed/.test(line));
    assert.equal(jumps.length, 1);
    assert.equal(site.clock.status().aheadOfSystemMs, -off);
  });
}

test('a collector that is a year off is told once, and again only after it was right', async (t) => {
  const site = new Site();
  Object.assign(site.machine, { aheadMs: 0, synchronised: true });
  await site.run(t);
  const line = /^The collector’s clock is 365 d ahead of this gateway’s/;
  const told = () => site.said.filter((one) => line.test(one)).length;
  for (let i = 0; i < 5; i++) site.clock.heard('collector', site.machine.now() + year, 5);
  assert.equal(told(), 1);
  assert.deepEqual(site.clock.status().contradictions, ['the collector’s clock is 365 d ahead of it']);
  site.clock.heard('collector', site.machine.now() + 30, 5);
  assert.deepEqual(site.clock.status().contradictions, []);
  site.clock.heard('collector', site.machine.now() + year, 5);
  assert.equal(told(), 2);
  assert.deepEqual(arrives(site, site.take()), [0, 'synced']);
});

test('a sick clock that jumps all the time is told of a few times', async (t) => {
  const site = new Site();
  site.machine.aheadMs = 0;
  await site.run(t);
  const told = () => site.said.filter((line) => /has jumped/.test(line));
  for (let i = 0; i < 60; i++) {
    site.machine.aheadMs += i % 2 === 0 ? hour : -hour;
    site.go(1);
  }
  assert.equal(told().length, 5);
  assert.match(told()[4]!, /Further jumps are not told/);
  site.go(600);
  site.machine.aheadMs += hour;
  site.go(1);
  assert.equal(told().length, 6);
});

test('a time that no calendar has stops nothing', async (t) => {
  const site = new Site();
  await site.run(t);
  for (const ms of [Number.MAX_VALUE, Number.NaN, -1e300, Number.POSITIVE_INFINITY]) {
    assert.equal(site.clock.heard('collector', ms, 5).name, 'refused');
  }
  assert.equal(site.said.filter((line) => /not believed/.test(line)).length, 1);
  assert.equal(site.clock.quality(), 'unset');
});

test('a machine that sleeps and wakes', async (t) => {
  const site = new Site();
  Object.assign(site.machine, { aheadMs: 0, synchronised: true });
  await site.run(t);
  site.go(5);
  const before = site.take();
  // Monotonic and operating time stand still, the rest goes on.
  site.machine.bootMs += hour;
  site.machine.restart();
  Object.defineProperty(site, 'operatingMs', { get: () => before.ageAtMs + site.machine.monotonic() });
  site.go(1);
  assert.deepEqual(arrives(site, site.take()), [0, 'synced']);
  assert.deepEqual(arrives(site, before), [0, 'synced']);
  assert.equal(site.said.length, 1);
});
