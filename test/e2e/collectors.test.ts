import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { SinkFile, startCollector } from '../support/collector.ts';
import { impatient, startGateway, statusOf } from '../support/gateway.ts';
import { Device } from '../support/mqtt-client.ts';
import { Oracle, settled } from '../support/oracle.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

test('two collectors, each ended by SIGTERM and started again under load: every record once over both sinks', {
  timeout: 60_000,
}, async (t) => {
  const dir = tempDir(t);
  const sinks = ['a', 'b'].map((name) => new SinkFile(join(dir, `${name}.ndjson`)));
  const start = (index: number, port?: number) => startCollector(t, { sink: `file:${sinks[index]!.path}`, port });
  const collectors = [await start(0), await start(1)];
  const ports = collectors.map((one) => one.port('collector'));
  const gateway = await startGateway(t, {
    dataDir: join(dir, 'data'),
    set: {
      ...impatient,
      // The first by name: one of its addresses may be ::1, where nobody listens.
      'uplink.url': `http://localhost:${ports[0]},http://127.0.0.1:${ports[1]}`,
      'uplink.returnAfter': '300ms',
    },
  });
  const oracle = new Oracle();
  const device = new Device({ oracle, topic: 'rolling', window: 20, paceMs: 5 });
  const load = device.run(gateway.port('mqtt'));
  const current = async () => (await statusOf(gateway)).uplink.collectors.findIndex(({ isCurrent }) => isCurrent);
  const grows = async (index: number) => {
    const before = sinks[index]!.look().length;
    await eventually(`records at ${index}`, () => sinks[index]!.look().length > before + 5);
  };
  await grows(0);
  await collectors[0]!.stop();
  await grows(1);
  collectors[0] = await start(0, ports[0]);
  await eventually('the return to the first', async () => (await current()) === 0);
  await grows(0);
  // The one that is not in use: nobody notices.
  const { connections } = (await statusOf(gateway)).uplink;
  await collectors[1]!.stop();
  collectors[1] = await start(1, ports[1]);
  await grows(0);
  assert.equal((await statusOf(gateway)).uplink.connections, connections);
  await collectors[0].stop();
  await grows(1);
  device.stop();
  assert.equal(await load, true);
  // Two sinks have no order between them but that of the sequences.
  await settled(oracle, () =>
    sinks.flatMap((sink) => sink.look()).sort((a, b) => Number(a.sequence) - Number(b.sequence)),
  );
});
