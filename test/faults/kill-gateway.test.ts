import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SinkFile, startCollector } from '../support/collector.ts';
import { startGateway } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { all, Device } from '../support/mqtt-client.ts';
import { mutualTls } from '../support/mutual-tls.ts';
import { Oracle, settled } from '../support/oracle.ts';
import { rounds, seededRandom } from '../support/random.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

const count = rounds(20, 500);
const timeout = 60_000 + count * 6_000;

/** One that sends again what was not acknowledged, one that never does, and one with QoS 2. */
function fleet(oracle: Oracle): Device[] {
  const gentle = { oracle, window: 25, paceMs: 10 };
  return [
    new Device({ ...gentle, topic: 'kill/again' }),
    new Device({ ...gentle, topic: 'kill/once', version: 5, sendsAgain: false }),
    new Device({ ...gentle, topic: 'kill/qos2', qos: 2 }),
  ];
}

interface Site {
  /** Starts what the round needs and gives the gateway. */
  start(): Promise<HeadgateProcess>;
  /** kill -9, in whatever order. */
  kill(gateway: HeadgateProcess): Promise<void>;
}

async function killAtRandom(t: TestContext, sink: SinkFile, site: Site): Promise<void> {
  const random = seededRandom(t);
  const oracle = new Oracle();
  const devices = fleet(oracle);
  const fresh = new Device({ oracle, topic: 'kill/fresh' });
  for (let round = 1; round <= count; round++) {
    const gateway = await site.start();
    const port = gateway.port('mqtt');
    const load = all(devices, 30_000, (device) => device.run(port));
    if (random.next() < 0.5) {
      // Fresh data flows after a restart, while the old backlog drains.
      await fresh.run(port, 1);
      const begun = fresh.begun;
      await eventually(
        `fresh data in round ${round}`,
        () => sink.look().filter(({ topic }) => topic === fresh.topic).length >= begun,
        { timeoutMs: 10_000 },
      );
    }
    await delay(random.between(0, 500));
    await site.kill(gateway);
    await load;
  }
  const gateway = await site.start();
  for (const device of devices) device.stop();
  await all(devices, 20_000, (device) => device.run(gateway.port('mqtt'), 10));
  const { acknowledged, arrived, resent } = await settled(oracle, () => sink.look());
  t.diagnostic(`${count} kills, ${acknowledged} acknowledged, ${arrived} arrived, ${resent} twice as sent twice`);
}

test(`kill -9 of the gateway and its embedded collector's parent, ${count} times under load`, {
  timeout,
}, async (t) => {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  await killAtRandom(t, sink, {
    start: () => startGateway(t, { dataDir: join(dir, 'data'), sink: `file:${sink.path}` }),
    kill: (gateway) => gateway.kill(),
  });
});

test(`kill -9 of the gateway and of its collector, ${count} times under load`, { timeout }, async (t) => {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const collectorSink = `file:${sink.path}`;
  const tls = await mutualTls(t, true);
  let collector = await startCollector(t, { sink: collectorSink, tls });
  const port = collector.port('collector');
  await killAtRandom(t, sink, {
    start: async () => {
      if (collector.hasExited) collector = await startCollector(t, { sink: collectorSink, port, wait: false, tls });
      return await startGateway(t, { dataDir: join(dir, 'data'), uplinkPort: port, tls });
    },
    kill: async (gateway) => {
      await Promise.all([gateway.kill(), collector.kill()]);
    },
  });
});
