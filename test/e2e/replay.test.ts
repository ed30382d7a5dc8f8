import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SinkFile, startCollector } from '../support/collector.ts';
import { impatient, startGateway, statusOf } from '../support/gateway.ts';
import { HeadgateProcess } from '../support/headgate-process.ts';
import { Device } from '../support/mqtt-client.ts';
import { Oracle, settled } from '../support/oracle.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually, within } from '../support/wait.ts';

/** `headgate export` as a process: what it printed. */
async function exported(t: TestContext, gateway: HeadgateProcess, ...args: string[]): Promise<string[]> {
  const url = `http://127.0.0.1:${gateway.port('http')}`;
  const process = HeadgateProcess.spawn(t, 'export', { args: ['--url', url, ...args], isQuiet: true });
  const { code } = await within(20_000, 'the export', process.exited);
  assert.equal(code, 0, process.said());
  return process.output;
}

async function replayingRecords(gateway: HeadgateProcess): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${gateway.port('http')}/api/v1/buffer`);
  return ((await answer.json()) as { replayingRecords: number }).replayingRecords;
}

const ended = (gateway: HeadgateProcess) =>
  eventually('the end of the replay', async () => (await replayingRecords(gateway)) === 0, { timeoutMs: 20_000 });

test('a collector that lost everything gets a window again, once, marked historical, while new records come live', {
  timeout: 90_000,
}, async (t) => {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'first.ndjson'));
  let collector = await startCollector(t, { sink: `file:${sink.path}` });
  const port = collector.port('collector');
  const set = { ...impatient, 'buffer.keep': '7d' };
  const gateway = await startGateway(t, { dataDir: join(dir, 'data'), uplinkPort: port, set });
  const early = new Oracle();
  await new Device({ oracle: early, topic: 'early' }).run(gateway.port('mqtt'), 40);
  const wanted = new Oracle();
  const device = new Device({ oracle: wanted, topic: 'wanted' });
  await device.run(gateway.port('mqtt'), 400);
  const byTopic = (file: SinkFile, topic: string) => file.look().filter((record) => record.topic === topic);
  await settled(wanted, () => byTopic(sink, 'wanted'));
  await settled(early, () => byTopic(sink, 'early'));
  await eventually('delivery', async () => (await statusOf(gateway)).buffer.waitingRecords === 0);
  const original = byTopic(sink, 'wanted').map(({ sequence }) => sequence);

  // The sink is gone, with all that the collector knew.
  await collector.stop();
  rmSync(sink.path);
  assert.equal(existsSync(sink.path), false);
  const fresh = new SinkFile(join(dir, 'second.ndjson'));
  collector = await startCollector(t, { sink: `file:${fresh.path}`, port });

  const from = readFirst(await exported(t, gateway, '--from', '2020-01-01T00:00:00Z'), 'wanted');
  const [answer = ''] = await exported(
    t,
    gateway,
    '--resend',
    '--from',
    from,
    '--to',
    '2100-01-01T00:00:00Z',
    '--json',
  );
  const { records } = JSON.parse(answer) as { records: number };
  assert.ok(records >= 400 && records < 440, `${records}`);
  // What comes in before the gateway has found the collector again is a backlog, and so historical too.
  await eventually('the uplink', async () => (await statusOf(gateway)).uplink.state === 'live');
  const live = new Oracle();
  await new Device({ oracle: live, topic: 'live' }).run(gateway.port('mqtt'), 50);
  await ended(gateway);
  await settled(live, () => byTopic(fresh, 'live'));
  await settled(wanted, () => byTopic(fresh, 'wanted'));
  assert.deepEqual(
    byTopic(fresh, 'wanted').map(({ sequence }) => sequence),
    original,
    'under the sequences they had',
  );
  assert.ok(byTopic(fresh, 'wanted').every(({ historical }) => historical === true));
  assert.ok(
    byTopic(fresh, 'early').length < 40,
    'what is outside of the window is not sent again, but for whole batches',
  );
  assert.ok(byTopic(fresh, 'live').some(({ historical }) => historical !== true));
  const { waitingRecords, ledger } = (await statusOf(gateway)).buffer as unknown as {
    waitingRecords: number;
    ledger: { received: number; delivered: number };
  };
  assert.deepEqual([waitingRecords, ledger.delivered], [0, ledger.received], 'each is counted as delivered once');

  // A second time the collector has them all: it says so, and nothing appears twice.
  const lines = () => readFileSync(fresh.path, 'utf8').split('\n').length;
  const before = lines();
  await exported(t, gateway, '--resend', '--from', from, '--to', '2100-01-01T00:00:00Z');
  await ended(gateway);
  assert.equal(lines(), before);
});

/** When the first record of a topic was taken in. */
function readFirst(lines: readonly string[], topic: string): string {
  const records = lines.map((line) => JSON.parse(line) as { topic: string; receivedAt: string });
  return records.find((record) => record.topic === topic)?.receivedAt ?? assert.fail('it is not in the export');
}

test('a replay goes on after the gateway was killed in the middle of it', { timeout: 60_000 }, async (t) => {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'first.ndjson'));
  let collector = await startCollector(t, { sink: `file:${sink.path}` });
  const port = collector.port('collector');
  const options = { dataDir: join(dir, 'data'), uplinkPort: port, set: { ...impatient, 'buffer.keep': '7d' } };
  let gateway = await startGateway(t, options);
  const oracle = new Oracle();
  await new Device({ oracle, topic: 'all' }).run(gateway.port('mqtt'), 300);
  await settled(oracle, () => sink.look());
  await eventually('delivery', async () => (await statusOf(gateway)).buffer.waitingRecords === 0);
  await collector.stop();
  // Nobody is there to take them.
  const window = ['--from', '2020-01-01T00:00:00Z', '--to', '2100-01-01T00:00:00Z'];
  assert.deepEqual(await exported(t, gateway, '--resend', ...window), [
    '300 records are being sent to the collector once more.',
  ]);
  await gateway.kill();
  gateway = await startGateway(t, options);
  assert.equal(await replayingRecords(gateway), 300);
  const fresh = new SinkFile(join(dir, 'second.ndjson'));
  collector = await startCollector(t, { sink: `file:${fresh.path}`, port });
  // What had been delivered just before the kill may be sent as waiting, ahead of the replay: order is by sequence only.
  await settled(oracle, () => fresh.look().toSorted((a, b) => Number(a.sequence) - Number(b.sequence)));
  await ended(gateway);
});
