import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Cut, cuts } from '../../src/lib/power-cut.ts';
import { type RecordLine, recordsOf, SinkFile, startCollector } from '../support/collector.ts';
import { impatient, startGateway, statusOf } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { all, Device } from '../support/mqtt-client.ts';
import { Oracle, settled } from '../support/oracle.ts';
import { rounds } from '../support/random.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually, within } from '../support/wait.ts';

// Every step between a record's sending and its deletion, and at each of them the power goes, on one side. The processes
// are real, and end themselves by SIGKILL when they come to the step: see src/lib/power-cut.ts, where the steps are listed.

/** Not the first time that it comes to these: something else is under way by then. */
const later: Partial<Record<Cut, number>> = {
  'gateway: upload sent': 4,
  'gateway: acknowledgement received': 3,
  'gateway: acknowledgement noted': 3,
  'gateway: before the deletion is saved': 5,
  'gateway: after the deletion is saved': 5,
  'collector: upload received': 4,
  'collector: before the commit': 3,
  'collector: after the commit': 3,
  'collector: acknowledgement sent': 3,
};

function environment(step: Cut): { readonly HEADGATE_CUT: string } {
  return { HEADGATE_CUT: `${step}#${later[step] ?? 1}` };
}

async function assertCut(step: Cut, process: HeadgateProcess): Promise<void> {
  const { signal } = await within(20_000, `the power cut at "${step}"`, process.exited);
  assert.equal(signal, 'SIGKILL', `${step}: ${process.said()}`);
}

async function cutAtEachStep(
  t: TestContext,
  sink: string,
  sides: readonly ('gateway' | 'collector')[],
  records: () => readonly RecordLine[] | Promise<readonly RecordLine[]>,
): Promise<void> {
  const oracle = new Oracle();
  const devices = ['steps/a', 'steps/b'].map((topic) => new Device({ oracle, topic, window: 10, paceMs: 5 }));
  let collector = await startCollector(t, { sink });
  const port = collector.port('collector');
  const site = {
    dataDir: join(tempDir(t), 'data'),
    uplinkPort: port,
    // Files so small that they are deleted all the while.
    set: { ...impatient, 'uplink.retryMax': '100ms', 'buffer.segmentBytes': '64KiB' },
  };
  const steps = (side: 'gateway' | 'collector'): Cut[] =>
    sides.includes(side) ? cuts.filter((name) => name.startsWith(side)) : [];
  for (const step of steps('gateway')) {
    const gateway = await startGateway(t, { ...site, wait: false, env: environment(step) });
    // At some steps it is gone before it is ready.
    const isReady = await Promise.race([gateway.ready().then(() => true), gateway.exited.then(() => false)]);
    const load = isReady ? all(devices, 30_000, (device) => device.run(gateway.port('mqtt'))) : undefined;
    await assertCut(step, gateway);
    await load;
  }
  const gateway = await startGateway(t, site);
  const load = all(devices, 120_000, (device) => device.run(gateway.port('mqtt')));
  for (const step of steps('collector')) {
    await collector.kill();
    collector = await startCollector(t, { sink, port, wait: false, env: environment(step) });
    await assertCut(step, collector);
  }
  collector = await startCollector(t, { sink, port });
  for (const device of devices) device.stop();
  assert.deepEqual(await load, [true, true], 'a device lost its connection to the gateway');
  await all(devices, 10_000, (device) => device.run(gateway.port('mqtt'), 5));
  const { acknowledged, arrived } = await settled(oracle, records);
  await eventually('an empty buffer', async () => (await statusOf(gateway)).buffer.waitingRecords === 0);
  const { ledger } = (await statusOf(gateway)).buffer;
  assert.equal(ledger.received, ledger.delivered + Object.values(ledger.dropped).reduce((sum, n) => sum + n, 0));
  t.diagnostic(`${sides.flatMap(steps).length} power cuts, ${acknowledged} acknowledged, ${arrived} arrived`);
}

const timeout = 180_000;
/** What the gateway's own steps leave behind does not depend on the sink: one is enough where time is short. */
const isLong = rounds(0, 1) === 1;

test('the power goes at each step between sending and deletion, file sink', { timeout }, async (t) => {
  const file = new SinkFile(join(tempDir(t), 'records.ndjson'));
  await cutAtEachStep(t, `file:${file.path}`, isLong ? ['gateway', 'collector'] : ['collector'], () => file.look());
});

test('the power goes at each step between sending and deletion, SQLite sink', { timeout }, async (t) => {
  const sink = `sqlite:${join(tempDir(t), 'records.db')}`;
  await cutAtEachStep(t, sink, ['gateway', 'collector'], () => recordsOf(t, sink));
});
