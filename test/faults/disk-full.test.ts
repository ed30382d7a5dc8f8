import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type RecordLine, SinkFile, startCollector } from '../support/collector.ts';
import { type GatewayStatus, impatient, startGateway, statusOf } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { Device } from '../support/mqtt-client.ts';
import { Oracle, settled } from '../support/oracle.ts';
import { smallDisk } from '../support/small-disk.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';
import { Flood } from './flood.ts';

const MiB = 2 ** 20;
/** More than the disk has: it is the disk that says when it is full. */
const wishes = { ...impatient, 'buffer.maxBytes': '1GB', 'buffer.maxPendingBytes': '1MiB' };

type GapLine = RecordLine & {
  readonly gap?: { readonly reason: string; readonly rule: string; readonly count?: string };
};

function gapsIn(records: readonly RecordLine[]): GapLine[] {
  return (records as readonly GapLine[]).filter(({ gap }) => gap !== undefined);
}

function sumOf(dropped: Readonly<Record<string, number>>): number {
  return Object.values(dropped).reduce((sum, count) => sum + count, 0);
}

function assertLedger({ buffer }: GatewayStatus): void {
  const { received, delivered, waiting, dropped } = buffer.ledger;
  assert.equal(received, delivered + waiting + sumOf(dropped), JSON.stringify(buffer.ledger));
}

test('offline until the disk is full: bulk goes, then normal, critical waits; online again all of it drains', {
  timeout: 120_000,
}, async (t) => {
  const disk = smallDisk(t, 8 * MiB);
  if (disk === undefined) return;
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const away = await startCollector(t, { sink: `file:${sink.path}` });
  const uplinkPort = away.port('collector');
  await away.kill();
  const rules = `[
    { name: critical, match: { topic: "critical/#" }, priority: critical, whenFull: block },
    { name: bulk, match: { topic: "bulk/#" }, priority: bulk }
  ]`;
  const gateway = await startGateway(t, { dataDir: join(disk.path, 'data'), uplinkPort, set: { ...wishes, rules } });
  const port = gateway.port('mqtt');
  const [bulk, normal, critical] = ['bulk/a', 'normal/a', 'critical/a'].map((topic) => new Flood(topic)) as [
    Flood,
    Flood,
    Flood,
  ];
  assert.ok(await bulk.send(port, 800));
  assert.ok(await normal.send(port, 300));
  const room = await critical.send(port, 3_000, 3_000);
  assert.equal(room, false, 'there was room for everything');
  const full = await statusOf(gateway);
  assertLedger(full);
  assert.equal(full.health.state, 'failing');
  assert.equal(full.buffer.ledger.dropped.evicted, bulk.sent + normal.sent, 'not all of it went');
  const freeBefore = disk.freeBytes;
  const waiting = critical.sent - critical.acknowledged.size;
  assert.ok(waiting > 0);
  // The uplink is back.
  await startCollector(t, { sink: `file:${sink.path}`, port: uplinkPort });
  await eventually(
    'all critical records to be acknowledged',
    async () => {
      await critical.acknowledgements(200);
      return critical.acknowledged.size === critical.sent;
    },
    { timeoutMs: 30_000 },
  );
  assert.ok(await critical.send(port, 50));
  const status = await eventually(
    'everything to be delivered and told',
    async () => {
      const now = await statusOf(gateway);
      assertLedger(now);
      const told = gapsIn(sink.look()).reduce((sum, { gap }) => sum + Number(gap?.count ?? 0), 0);
      return now.buffer.waitingRecords === 0 && told === sumOf(now.buffer.ledger.dropped) && now;
    },
    { timeoutMs: 30_000 },
  );
  const records = sink.look();
  const numbersOf = (topic: string) =>
    records.filter((one) => one.topic === topic).map(({ fields }) => fields!.find(({ name }) => name === 'n')!.number);
  assert.deepEqual(
    numbersOf('critical/a'),
    Array.from({ length: critical.sent }, (_, index) => index),
  );
  assert.equal(records.length, status.buffer.ledger.delivered);
  assert.equal(new Set(records.map(({ sequence }) => sequence)).size, records.length);
  assert.equal(sumOf(status.buffer.ledger.dropped), status.buffer.ledger.dropped.evicted);
  assert.ok(
    disk.freeBytes > freeBefore + 4 * MiB,
    `${disk.freeBytes} bytes are free, ${freeBefore} were when it was full`,
  );
  // It asks each second what the disk has left.
  await eventually('it to be well', async () => (await statusOf(gateway)).health.state === 'ready');
  t.diagnostic(`${critical.sent} critical records, ${waiting} of them waited for room`);
  await gateway.stop();
});

test('another program fills the disk: nothing is acknowledged that is not there, and it recovers by itself', {
  timeout: 180_000,
}, async (t) => {
  const disk = smallDisk(t, 8 * MiB);
  if (disk === undefined) return;
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const rules = '[{ name: all, match: { topic: "#" }, whenFull: block }]';
  const set = { ...wishes, rules, 'alarms.builtIn.bufferFull.for': '0s' };
  const gateway = await startGateway(t, { dataDir: join(disk.path, 'data'), sink: `file:${sink.path}`, set });
  const port = gateway.port('mqtt');
  const oracle = new Oracle();
  const device = new Device({ oracle, topic: 'full/a', window: 20, paceMs: 5 });
  let isOver = false;
  const load = (async () => {
    while (!isOver) await device.run(port);
  })();
  t.after(() => {
    isOver = true;
    device.stop();
  });
  for (let round = 0; round < 3; round++) {
    const before = oracle.acknowledgedCount;
    await eventually('messages to be acknowledged', () => oracle.acknowledgedCount > before + 100);
    const other = disk.fill();
    const { summary } = await eventually(
      'the status to say so',
      async () => {
        const { health } = await statusOf(gateway);
        return health.state === 'failing' && health;
      },
      { timeoutMs: 40_000 },
    );
    assert.match(summary, /^The disk is full: .* Raising `buffer\.maxBytes` does not help\.$/);
    if (round === 0) {
      const alarm = await eventually('an alarm that names the disk', () => alarmOf(gateway), { timeoutMs: 30_000 });
      assert.ok(alarm.includes(`The disk of ${join(disk.path, 'data', 'buffer')} has `), alarm);
    }
    rmSync(other);
    // Where a write is refused in the moment in which there is room again, that is believed after ten quiet seconds only.
    await eventually('it to recover', async () => (await statusOf(gateway)).health.state === 'ready', {
      timeoutMs: 40_000,
    });
  }
  isOver = true;
  device.stop();
  await load;
  const { acknowledged } = await settled(oracle, () => sink.look().filter(({ topic }) => topic === 'full/a'));
  assertLedger(await statusOf(gateway));
  assert.equal(sumOf((await statusOf(gateway)).buffer.ledger.dropped), 0);
  t.diagnostic(`${acknowledged} acknowledged`);
  await gateway.stop();
});

/** What the alarm says that there is no room; false: there is none. */
async function alarmOf(gateway: HeadgateProcess): Promise<string | false> {
  const answer = await fetch(`http://127.0.0.1:${gateway.port('http')}/api/v1/alarms`);
  const { alarms } = (await answer.json()) as { alarms: readonly { name: string; text: string }[] };
  return alarms.find(({ name }) => name === 'No room for records')?.text ?? false;
}

test('on a full disk one signs in, looks around and signs out, also after a start on it', {
  timeout: 120_000,
}, async (t) => {
  const disk = smallDisk(t, 8 * MiB);
  if (disk === undefined) return;
  const dataDir = join(disk.path, 'data');
  const set = { ...wishes, 'uplink.url': 'http://127.0.0.1:9' };
  const person = { name: 'eve', password: 'correct horse' };
  const first = await startGateway(t, { dataDir, set });
  const setup = await fetch(`http://127.0.0.1:${first.port('http')}/api/v1/setup`, asJson('POST', person));
  assert.equal(setup.status, 201);
  disk.fill();
  await signInAndOut(first.port('http'), person);
  await first.kill();
  const again = await startGateway(t, { dataDir, set });
  await signInAndOut(again.port('http'), person);
  await again.stop();
});

function asJson(method: string, body: unknown, headers: Readonly<Record<string, string>> = {}): RequestInit {
  return { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } };
}

/** As often as it takes for the disk to refuse: SQLite's log may have a little room left in it. */
async function signInAndOut(port: number, person: object): Promise<void> {
  const url = `http://127.0.0.1:${port}/api/v1`;
  const signIn = async () => {
    const answer = await fetch(`${url}/session`, asJson('POST', person));
    assert.equal(answer.status, 200, await answer.clone().text());
    const { isStored, csrfToken } = (await answer.json()) as { isStored: boolean; csrfToken: string };
    const cookie = answer.headers.get('set-cookie')!.split(';')[0]!;
    return { isStored, headers: { cookie, 'x-csrf-token': csrfToken } };
  };
  let { isStored, headers } = await signIn();
  for (let i = 0; i < 200 && isStored; i++) ({ isStored, headers } = await signIn());
  assert.equal(isStored, false, 'the disk took every session: this test proves nothing');
  assert.equal((await fetch(`${url}/status`, { headers })).status, 200);
  assert.equal((await fetch(`${url}/session`, { method: 'DELETE', headers })).ok, true);
  assert.equal((await fetch(`${url}/status`, { headers })).status, 401);
}

test('a gateway whose disk is full and whose sources wait can be stopped, and starts again', {
  timeout: 60_000,
}, async (t) => {
  const disk = smallDisk(t, 8 * MiB);
  if (disk === undefined) return;
  const set = {
    ...wishes,
    'uplink.url': 'http://127.0.0.1:9',
    rules: '[{ name: all, match: { topic: "#" }, whenFull: block }]',
  };
  const dataDir = join(disk.path, 'data');
  const gateway = await startGateway(t, { dataDir, set });
  const flood = new Flood('full/a');
  assert.equal(await flood.send(gateway.port('mqtt'), 3_000, 2_000), false);
  await gateway.stop();
  const again = await startGateway(t, { dataDir, set });
  const { waitingRecords } = (await statusOf(again)).buffer;
  assert.ok(waitingRecords >= flood.acknowledged.size, `${waitingRecords} of ${flood.acknowledged.size} wait`);
  await again.stop();
});

test('a disk that can only be read: the start says so, and works when it can be written again', {
  timeout: 60_000,
}, async (t) => {
  const disk = smallDisk(t, 8 * MiB);
  if (disk === undefined) return;
  const dataDir = join(disk.path, 'data');
  const sink = new SinkFile(join(tempDir(t), 'records.ndjson'));
  const options = { dataDir, sink: `file:${sink.path}` };
  const oracle = new Oracle();
  const device = new Device({ oracle, topic: 'ro/a' });
  const first = await startGateway(t, options);
  assert.ok(await device.run(first.port('mqtt'), 100));
  await first.stop();
  disk.remount('ro');
  const refused = await startGateway(t, { ...options, wait: false });
  const { code } = await refused.exited;
  assert.notEqual(code, 0);
  assert.match(refused.said(), /can't be (opened for writing|written)|write access|read-only/i);
  disk.remount('rw');
  const again = await startGateway(t, options);
  assert.ok(await device.run(again.port('mqtt'), 100));
  await settled(oracle, () => sink.look());
});
