import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type RecordLine, SinkFile, startCollector } from '../support/collector.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { impatient, startGateway, statusOf } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { Device } from '../support/mqtt-client.ts';
import { Oracle, settled } from '../support/oracle.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

const yearMs = 365 * 86_400_000;

/** A gateway whose clock says what the test wants, and a collector whose clock is right. */
class Site {
  readonly dir: string;
  readonly sink: SinkFile;
  readonly clock: FakeClock;
  readonly oracle = new Oracle();
  readonly device = new Device({ oracle: this.oracle, topic: 'clock' });
  readonly synchronised: string;
  readonly #t: TestContext;
  #port: number | undefined;

  constructor(t: TestContext, aheadMs: number) {
    this.#t = t;
    this.dir = tempDir(t);
    this.sink = new SinkFile(join(this.dir, 'records.ndjson'));
    this.clock = new FakeClock(join(this.dir, 'ahead'), aheadMs);
    this.synchronised = join(this.dir, 'synchronised');
  }

  /** @param env a collector whose clock is wrong too */
  async collector(env: Readonly<Record<string, string>> = {}): Promise<HeadgateProcess> {
    const collector = await startCollector(this.#t, { sink: `file:${this.sink.path}`, port: this.#port, env });
    this.#port = collector.port('collector');
    return collector;
  }

  gateway(): Promise<HeadgateProcess> {
    return startGateway(this.#t, {
      dataDir: join(this.dir, 'data'),
      uplinkPort: this.#port,
      // A jump of the clock must not make them expire.
      set: {
        ...impatient,
        'clock.synchronisedFile': this.synchronised,
        rules: '[{name: all, match: {topic: "#"}, ttl: 1h}]',
      },
      env: this.clock.env,
    });
  }

  /** Everything that was published is in the sink, once. */
  async settled(): Promise<readonly RecordLine[]> {
    await settled(this.oracle, () => this.sink.look());
    return this.sink.look();
  }
}

/** Each was taken in between two moments of the real clock, give or take what is said. */
function assertTaken(records: readonly RecordLine[], fromMs: number, toMs: number, slackMs = 0): void {
  for (const { receivedAt, sequence } of records) {
    const at = Date.parse(receivedAt);
    assert.ok(at >= fromMs - slackMs && at <= toMs + slackMs, `${sequence} at ${receivedAt}`);
  }
}

test('what was taken in at 1970 arrives with its right time, over a restart of the gateway too', {
  timeout: 60_000,
}, async (t) => {
  const site = new Site(t, 60_000 - Date.now());
  // Its port, once it has ended, is one where nobody listens.
  await (await site.collector()).stop();
  const started = Date.now();
  let gateway = await site.gateway();
  await site.device.run(gateway.port('mqtt'), 30);
  const unset = await statusOf(gateway);
  assert.deepEqual([unset.clock.quality, unset.clock.now.slice(0, 4)], ['unset', '1970']);
  assert.match(unset.health.summary, /clock is not set/);
  await gateway.kill();
  gateway = await site.gateway();
  await site.device.run(gateway.port('mqtt'), 30);
  const stopped = Date.now();
  assert.equal(gateway.log.filter(({ msg }) => msg.startsWith('The clock is not set')).length, 1);

  await site.collector();
  const old = await site.settled();
  assert.doesNotMatch((await statusOf(gateway)).health.summary, /clock/);
  assert.deepEqual([...new Set(old.map(({ clockQuality }) => clockQuality))], ['CLOCK_QUALITY_ESTIMATED']);
  assertTaken(old, started, stopped, 500);
  const known = await statusOf(gateway);
  assert.deepEqual([known.clock.quality, known.clock.source], ['estimated', 'collector']);

  const again = Date.now();
  await site.device.run(gateway.port('mqtt'), 10);
  const all = await site.settled();
  assertTaken(all.slice(-10), again, Date.now(), 500);

  // The same boot, the same knowledge: no collector is needed for it any more.
  await gateway.stop();
  gateway = await site.gateway();
  assert.equal((await statusOf(gateway)).clock.quality, 'estimated');
});

test('a browser tells the time, and what waits is shown and sent with it', { timeout: 60_000 }, async (t) => {
  const site = new Site(t, 60_000 - Date.now());
  await (await site.collector()).stop();
  const started = Date.now();
  const gateway = await site.gateway();
  await site.device.run(gateway.port('mqtt'), 20);
  const ask = (method: string, path: string, body: object): Promise<Response> =>
    fetch(`http://127.0.0.1:${gateway.port('http')}/api/v1/${path}`, {
      method,
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
  const told = await ask('PUT', 'clock', { now: new Date().toISOString() });
  const { quality, source } = (await told.json()) as { readonly quality: string; readonly source: string };
  assert.deepEqual([told.status, quality, source], [200, 'estimated', 'browser']);
  const window = { from: new Date(started - 1_000).toISOString(), to: new Date(Date.now() + 1_000).toISOString() };
  const exported = (await (await ask('POST', 'buffer/export', window)).text()).trimEnd().split('\n');
  const shown = exported.map((line) => JSON.parse(line) as RecordLine);
  assert.equal(shown.length, 20);
  assert.ok(shown.every(({ clockQuality }) => clockQuality === 'CLOCK_QUALITY_ESTIMATED'));
  assertTaken(shown, started, Date.now(), 500);
  await site.collector();
  assertTaken(await site.settled(), started, Date.now(), 500);
});

test('time synchronisation that steps the clock by 56 years corrects what waits', { timeout: 60_000 }, async (t) => {
  const site = new Site(t, 60_000 - Date.now());
  await (await site.collector()).stop();
  const started = Date.now();
  const gateway = await site.gateway();
  await site.device.run(gateway.port('mqtt'), 30);
  site.clock.set(0);
  writeFileSync(site.synchronised, '');
  await eventually('the clock to be synchronised', async () => (await statusOf(gateway)).clock.quality === 'synced');
  await site.device.run(gateway.port('mqtt'), 30);
  await site.collector();
  const records = await site.settled();
  assertTaken(records, started, Date.now(), 500);
  const qualities = records.map(({ clockQuality }) => clockQuality);
  assert.deepEqual([...new Set(qualities)], ['CLOCK_QUALITY_ESTIMATED', 'CLOCK_QUALITY_SYNCED']);
  assert.equal(gateway.log.filter(({ msg }) => /has jumped/.test(msg)).length, 1);
  // In the order in which they were taken in, whatever the clock said.
  const bySequence = records.toSorted((a, b) => Number(a.sequence) - Number(b.sequence));
  const times = bySequence.map(({ receivedAt }) => Date.parse(receivedAt));
  for (const [i, at] of times.entries()) assert.ok(i === 0 || at >= times[i - 1]! - 50, `${i}`);
});

test('a system clock that is set a year ahead or back by hand moves nothing once the collector has spoken', {
  timeout: 60_000,
}, async (t) => {
  const site = new Site(t, 0);
  await site.collector();
  const started = Date.now();
  const gateway = await site.gateway();
  await site.device.run(gateway.port('mqtt'), 20);
  for (const years of [1, -1]) {
    site.clock.set(years * yearMs);
    await eventually('the jump to be noticed', async () => {
      const { lastJump } = (await statusOf(gateway)).clock;
      return lastJump !== null && Math.sign(lastJump.bySeconds) === years && !lastJump.isFollowed;
    });
    await site.device.run(gateway.port('mqtt'), 20);
  }
  // Between a jump and the next look at the clock too.
  assertTaken(await site.settled(), started, Date.now(), 500);
  const jumps = gateway.log.filter(({ msg }) => /has jumped .* It is not followed/.test(msg));
  assert.equal(jumps.length, 2);
  assert.equal((await statusOf(gateway)).clock.quality, 'estimated');
});

for (const years of [-1, 1]) {
  test(`a collector whose clock is ${years} year off changes nothing at a synchronised gateway`, {
    timeout: 60_000,
  }, async (t) => {
    const site = new Site(t, 0);
    writeFileSync(site.synchronised, '');
    const wrong = new FakeClock(join(site.dir, 'wrong'), years * yearMs);
    await site.collector(wrong.env);
    const started = Date.now();
    const gateway = await site.gateway();
    await site.device.run(gateway.port('mqtt'), 30);
    assertTaken(await site.settled(), started, Date.now(), 5);
    const { clock } = await statusOf(gateway);
    assert.deepEqual([clock.quality, clock.contradictions.length], ['synced', 1]);
    assert.equal(gateway.log.filter(({ msg }) => /collector’s clock is 365 d/.test(msg)).length, 1);
  });
}
