import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type RecordLine, SinkFile, startCollector } from '../support/collector.ts';
import { impatient, startGateway, statusOf } from '../support/gateway.ts';
import { HeadgateProcess } from '../support/headgate-process.ts';
import { Device } from '../support/mqtt-client.ts';
import { Oracle, settled } from '../support/oracle.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually, within } from '../support/wait.ts';

async function headgate(t: TestContext, verb: string, ...args: string[]): Promise<void> {
  const process = HeadgateProcess.spawn(t, verb, { args, isQuiet: true });
  const { code } = await within(30_000, verb, process.exited);
  assert.equal(code, 0, process.said());
}

test('a backup under load, the original lost, and restored elsewhere: what was acknowledged before it arrives once', {
  timeout: 120_000,
}, async (t) => {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const collectorOptions = { sink: `file:${sink.path}` };
  let collector = await startCollector(t, collectorOptions);
  const port = collector.port('collector');
  const site = (dataDir: string) => ({ dataDir: join(dir, dataDir), uplinkPort: port, set: impatient });
  let gateway = await startGateway(t, site('original'));
  const of = (topic: string) => (): RecordLine[] => sink.look().filter((record) => record.topic === topic);

  const delivered = new Oracle();
  await new Device({ oracle: delivered, topic: 'delivered' }).run(gateway.port('mqtt'), 100);
  await settled(delivered, of('delivered'));
  await collector.stop();
  const before = new Oracle();
  await new Device({ oracle: before, topic: 'before' }).run(gateway.port('mqtt'), 300);
  const during = new Device({ oracle: new Oracle(), topic: 'during' });
  const load = during.run(gateway.port('mqtt'));
  const backup = join(dir, 'backup');
  await eventually('load', () => during.begun > 100);
  await headgate(t, 'backup', backup, '--url', `http://127.0.0.1:${gateway.port('http')}`);
  const begun = during.begun;

  // The original lives on for a while, and the collector gets some of what is in the backup, and more.
  await eventually('more load', () => during.begun > begun + 100);
  collector = await startCollector(t, { ...collectorOptions, port });
  await eventually('records that came after the backup', () => of('during')().length > 0, { timeoutMs: 20_000 });
  await gateway.kill();
  await load;
  const taken = sink.look().length;
  assert.ok(taken > 100);

  await headgate(t, 'restore', backup, '--data-dir', join(dir, 'restored'));
  gateway = await startGateway(t, site('restored'));
  await settled(before, of('before'));
  await settled(delivered, of('delivered'));
  const fresh = new Oracle();
  await new Device({ oracle: fresh, topic: 'fresh' }).run(gateway.port('mqtt'), 100);
  await settled(fresh, of('fresh'));
  await eventually('an empty backlog', async () => (await statusOf(gateway)).buffer.waitingRecords === 0);

  // The original comes back: it is told that another one has taken its place, and keeps what it takes in.
  const original = await startGateway(t, site('original'));
  await new Device({ oracle: new Oracle(), topic: 'too late' }).run(original.port('mqtt'), 10);
  await eventually('its refusal', async () => {
    const { state, reason } = (await statusOf(original)).uplink;
    return state === 'rejected' && /another machine runs as gateway .*take-over/.test(reason ?? '');
  });
  assert.ok((await statusOf(original)).buffer.waitingRecords >= 10);
  assert.deepEqual(of('too late')(), []);

  const records = sink.look();
  const names = records.map(({ gateway: id, epoch, sequence }) => `${id} ${epoch} ${sequence}`);
  assert.equal(new Set(names).size, names.length, 'no sequence names two records');
  assert.equal(new Set(records.map(({ gateway: id, epoch }) => `${id} ${epoch}`)).size, 1, 'it is the same gateway');
  const highest = (topics: readonly string[]) =>
    Math.max(...records.filter(({ topic }) => topics.includes(topic)).map(({ sequence }) => Number(sequence)));
  assert.ok(highest(['fresh']) > highest(['delivered', 'before', 'during']) + 900_000_000);
  assert.equal((await statusOf(gateway)).health.state, 'ready');
});
