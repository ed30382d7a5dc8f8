import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { SinkFile } from '../support/collector.ts';
import { type GatewayStatus, impatient, startGateway, statusOf } from '../support/gateway.ts';
import { Device } from '../support/mqtt-client.ts';
import { Oracle, settled } from '../support/oracle.ts';
import { RawMqtt } from '../support/raw-mqtt.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

test('fsyncs take 900 ms and fail for a while: what need not be durable goes on, the rest is told the truth', {
  timeout: 60_000,
}, async (t) => {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const faults = { commitDelayMs: 900, failCommits: { from: 4, count: 4, kind: 'io' } };
  const rules = `[
    { name: memory, match: { topic: "memory/#" }, durability: memory },
    { name: relaxed, match: { topic: "relaxed/#" }, durability: relaxed, priority: normal }
  ]`;
  const set = { ...impatient, rules };
  const gateway = await startGateway(t, { dataDir: join(dir, 'data'), sink: `file:${sink.path}`, faults, set });
  const port = gateway.port('mqtt');
  await eventually('the uplink', async () => (await statusOf(gateway)).uplink.state === 'live');
  const oracle = new Oracle();
  const device = new Device({ oracle, topic: 'local/a', window: 10 });
  let isOver = false;
  const load = (async () => {
    while (!isOver) await device.run(port);
  })();
  // One that needs no acknowledgement of the disk, all the time.
  const watcher = await RawMqtt.connect(port, 'watcher');
  const sentAt = new Map<number, number>();
  const lag = new Map<number, number>();
  let sent = 0;
  const gossip = setInterval(() => {
    const kind = sent % 2 === 0 ? 'memory' : 'relaxed';
    sentAt.set(sent, performance.now());
    const payload = JSON.stringify({ n: sent++ });
    watcher.send({ cmd: 'publish', topic: `${kind}/a`, qos: 0, payload, dup: false, retain: false });
  }, 20);
  t.after(() => clearInterval(gossip));
  const look = (): void => {
    for (const { topic, fields } of sink.look()) {
      if (topic !== 'memory/a' && topic !== 'relaxed/a') continue;
      const n = fields!.find(({ name }) => name === 'n')!.number as number;
      if (!lag.has(n)) lag.set(n, performance.now() - sentAt.get(n)!);
    }
  };
  let told: GatewayStatus = await statusOf(gateway);
  await eventually(
    'the disk to fail',
    async () => {
      look();
      told = await statusOf(gateway);
      return told.buffer.state === 'failing';
    },
    { timeoutMs: 20_000 },
  );
  assert.equal(told.health.state, 'failing');
  assert.match(told.buffer.failure ?? '', /fsync failed/);
  const metrics = await (await fetch(`http://127.0.0.1:${gateway.port('http')}/metrics`)).text();
  assert.match(metrics, /^headgate_buffer_failing 1$/m);
  const sentBefore = sent;
  const seenBefore = lag.size;
  await eventually(
    'the disk to be well again',
    async () => {
      look();
      return (await statusOf(gateway)).health.state === 'ready';
    },
    { timeoutMs: 30_000 },
  );
  assert.ok(lag.size - seenBefore > (sent - sentBefore) / 2, 'the draining stood still while the disk failed');
  isOver = true;
  device.stop();
  clearInterval(gossip);
  await load;
  await eventually('all that was sent', () => {
    look();
    return lag.size === sent;
  });
  const lags = [...lag.values()].sort((a, b) => a - b);
  const [median = 0, p90 = 0] = [0.5, 0.9].map((share) => lags[Math.floor(lags.length * share)]);
  t.diagnostic(`${sent} without a disk: median ${median.toFixed()} ms, 90 % ${p90.toFixed()} ms until in the sink`);
  assert.ok(p90 < 900, `one in ten took over ${p90} ms: they waited for the disk`);
  const { acknowledged } = await settled(oracle, () => sink.look().filter(({ topic }) => topic === 'local/a'));
  assert.ok(acknowledged > 0);
  await gateway.stop();
});
