import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type RecordLine, recordsOf, SinkFile, startCollector } from '../support/collector.ts';
import { impatient, startGateway, statusOf } from '../support/gateway.ts';
import { HeadgateProcess } from '../support/headgate-process.ts';
import { Device } from '../support/mqtt-client.ts';
import { Oracle, settled } from '../support/oracle.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually, within } from '../support/wait.ts';

// Two gateway processes with one identity: a cloned card, for real.

const refusal = /another machine runs as gateway hg-\w+ .*cloned card.*gateway\.id.*headgate take-over/;

async function headgate(t: TestContext, ...[verb, ...args]: [string, ...string[]]): Promise<void> {
  const process = HeadgateProcess.spawn(t, verb, { args, isQuiet: true });
  const { code } = await within(30_000, verb, process.exited);
  assert.equal(code, 0, process.said());
}

/** Sends so many messages of a topic to a gateway. @returns what waits until a sink has them all, once */
async function send(gateway: HeadgateProcess, topic: string, count: number): Promise<Oracle> {
  const oracle = new Oracle();
  await new Device({ oracle, topic }).run(gateway.port('mqtt'), count);
  return oracle;
}

const of = (records: readonly RecordLine[], topic: string): RecordLine[] =>
  records.filter((record) => record.topic === topic);

/** The records of the first epoch, and of the others what the first has not. */
function withoutCopies(records: readonly RecordLine[]): RecordLine[] {
  const epoch = records[0]?.epoch;
  const first = records.filter((record) => record.epoch === epoch);
  const sequences = new Set(first.map(({ sequence }) => sequence));
  return [...first, ...records.filter((record) => record.epoch !== epoch && !sequences.has(record.sequence))];
}

async function uplinkOf(gateway: HeadgateProcess): Promise<{ state: string; reason?: string }> {
  return (await statusOf(gateway)).uplink;
}

/** What is in the sink may not be acknowledged yet: till then it is draining. */
async function isLive(gateway: HeadgateProcess): Promise<void> {
  await eventually('it to be live', async () => (await uplinkOf(gateway)).state === 'live');
}

/** Asked again while it is trying anew. */
async function refusalOf(gateway: HeadgateProcess): Promise<string> {
  const { reason } = await eventually('its refusal', async () => {
    const uplink = await uplinkOf(gateway);
    return uplink.state === 'rejected' && uplink;
  });
  return reason ?? '';
}

async function waiting(gateway: HeadgateProcess): Promise<number> {
  return (await statusOf(gateway)).buffer.waitingRecords;
}

test('a cloned card: one goes on, the other is refused and keeps its records, and takes over when it is told to', {
  timeout: 120_000,
}, async (t) => {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const collector = await startCollector(t, { sink: `file:${sink.path}` });
  const uplinkPort = collector.port('collector');
  const site = (dataDir: string, set = {}) => ({
    dataDir: join(dir, dataDir),
    uplinkPort,
    set: { ...impatient, ...set },
  });
  let first = await startGateway(t, site('first'));
  await settled(await send(first, 'common', 50), () => of(sink.look(), 'common'));
  await first.stop();
  cpSync(join(dir, 'first'), join(dir, 'second'), { recursive: true });

  // Both take records in under the same sequences. Which of them is the original nobody can tell.
  let second = await startGateway(t, site('second'));
  await settled(await send(second, 'second', 40), () => of(sink.look(), 'second'));
  first = await startGateway(t, site('first'));
  const ofFirst = await send(first, 'first', 30);
  assert.match(await refusalOf(first), refusal);
  await settled(await send(second, 'second more', 40), () => of(sink.look(), 'second more'));
  assert.equal(await waiting(first), 30);
  await isLive(second);
  // Each attempt is a line of the log: it keeps its pauses.
  const attempts = first.log.filter(({ msg }) => msg.startsWith('The uplink is down')).length;
  assert.ok(attempts < 40, `${attempts} attempts`);
  assert.equal(
    second.log.filter(({ msg }) => msg.startsWith('The uplink is down')).length,
    0,
    'the other is left alone',
  );

  await first.stop();
  await headgate(t, 'take-over', '--data-dir', join(dir, 'first'));
  first = await startGateway(t, site('first'));
  await settled(ofFirst, () => of(sink.look(), 'first'));
  await settled(await send(first, 'first more', 20), () => of(sink.look(), 'first more'));
  // The other was connected all the while.
  await refusalOf(second);
  const ofSecond = await send(second, 'second late', 25);
  assert.match(await refusalOf(second), /another machine has taken the place of gateway/);
  assert.equal(await waiting(second), 25);

  // The way out for the refused one: a name of its own.
  await second.stop();
  second = await startGateway(t, site('second', { 'gateway.id': 'second' }));
  await settled(ofSecond, () => of(sink.look(), 'second late'));
  await isLive(first);
  const names = sink.look().map(({ gateway, epoch, sequence }) => `${gateway} ${epoch} ${sequence}`);
  assert.equal(new Set(names).size, names.length);
});

test('a card cloned from a running gateway: the clone may go on, and nothing of either is lost', {
  timeout: 120_000,
}, async (t) => {
  const dir = tempDir(t);
  const sink = `sqlite:${join(dir, 'records.db')}`;
  const collector = await startCollector(t, { sink });
  const uplinkPort = collector.port('collector');
  const site = (dataDir: string) => ({ dataDir: join(dir, dataDir), uplinkPort, set: impatient });
  const original = await startGateway(t, site('original'));
  const oracles = new Map([['before', await send(original, 'before', 50)]]);
  await eventually('an empty backlog', async () => (await waiting(original)) === 0);
  const backup = join(dir, 'backup');
  await headgate(t, 'backup', backup, '--url', `http://127.0.0.1:${original.port('http')}`);
  // As a copy of the card has it: what the backup says of itself stays outside.
  cpSync(join(backup, 'buffer'), join(dir, 'clone', 'buffer'), { recursive: true });
  oracles.set('meanwhile', await send(original, 'meanwhile', 60));

  const clone = await startGateway(t, site('clone'));
  oracles.set('of the clone', await send(clone, 'of the clone', 70));
  const states = await eventually('the refusal of one', async () => {
    const both = [(await uplinkOf(original)).state, (await uplinkOf(clone)).state];
    return both.includes('rejected') && both.includes('live') && both;
  });
  oracles.set('late', await send(original, 'late', 30));
  const isOriginalRefused = states[0] === 'rejected';
  const refused = isOriginalRefused ? original : clone;
  assert.ok((await waiting(refused)) >= (isOriginalRefused ? 30 : 70));
  await refused.stop();
  const refusedDir = isOriginalRefused ? 'original' : 'clone';
  await headgate(t, 'take-over', '--data-dir', join(dir, refusedDir));
  await startGateway(t, site(refusedDir));
  await eventually('all of it', async () => {
    const records = await recordsOf(t, sink);
    for (const [topic, oracle] of oracles) {
      // What waited when the copy was made may come from both, under two epochs: see `take-over`.
      const once = topic === 'before' ? withoutCopies(of(records, topic)) : of(records, topic);
      oracle.assertKept(once);
      assert.equal(once.length, oracle.acknowledgedCount);
    }
    return true;
  });
});

test('a disk that does not take the lineage keeps no record back, in the run in which it is sick and in the next', {
  timeout: 60_000,
}, async (t) => {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const collector = await startCollector(t, { sink: `file:${sink.path}` });
  const site = { dataDir: join(dir, 'data'), uplinkPort: collector.port('collector'), set: impatient };
  const isSick = { faults: { fail: { shelf: { from: 1, count: 1_000_000 } } } };
  let run = 0;
  // New and sick; well; sick again, with a lineage that it can't change.
  for (const faults of [isSick, {}, isSick, {}]) {
    const gateway = await startGateway(t, { ...site, ...faults });
    await settled(await send(gateway, `run ${++run}`, 20), () => of(sink.look(), `run ${run}`));
    await isLive(gateway);
    const complaints = gateway.log.filter(({ msg }) => msg.startsWith('The disk did not take what tells'));
    assert.equal(complaints.length > 0, 'faults' in faults);
    await gateway.kill();
  }
});
