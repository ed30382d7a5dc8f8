import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { SinkFile } from '../support/collector.ts';
import { startGateway } from '../support/gateway.ts';
import { all, Device } from '../support/mqtt-client.ts';
import { Oracle, settled } from '../support/oracle.ts';
import { RawMqtt } from '../support/raw-mqtt.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

const commitDelayMs = 500;

test(`every commit takes ${commitDelayMs} ms: no early PUBACK, pings answered meanwhile, everything arrives`, {
  timeout: 60_000,
}, async (t) => {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const faults = { commitDelayMs };
  const gateway = await startGateway(t, { dataDir: join(dir, 'data'), sink: `file:${sink.path}`, faults });
  const port = gateway.port('mqtt');
  const oracle = new Oracle();
  const devices = ['slow/a', 'slow/b', 'slow/c'].map((topic) => new Device({ oracle, topic, window: 200 }));
  const load = all(devices, 30_000, (device) => device.run(port));
  // One second of keepalive is shorter than two commits.
  const watcher = await RawMqtt.connect(port, 'watcher', 4, { keepalive: 1 });
  const pings: number[] = [];
  const until = performance.now() + 2_000;
  while (performance.now() < until) {
    const asked = performance.now();
    await watcher.ping();
    pings.push(performance.now() - asked);
    watcher.send({ cmd: 'publish', topic: 'slow/watcher', qos: 0, payload: '1', dup: false, retain: false });
  }
  for (const device of devices) device.stop();
  assert.deepEqual(await load, [true, true, true]);
  const latencies = devices.flatMap((device) => device.latencies);
  pings.sort((a, b) => a - b);
  const [median = 0, p99 = 0] = [0.5, 0.99].map((share) => pings[Math.floor(pings.length * share)]);
  t.diagnostic(
    `${latencies.length} acknowledged, ${pings.length} pings, median ${median.toFixed(1)} ms, 99 % ${p99.toFixed(1)} ms`,
  );
  assert.ok(Math.min(...latencies) >= commitDelayMs * 0.98, `a PUBACK came after ${Math.min(...latencies)} ms`);
  // A ping that waited for the disk would take half a commit on average.
  assert.ok(median < commitDelayMs / 10, `half of the pings took over ${median} ms`);
  assert.ok(p99 < commitDelayMs / 2, `one ping in a hundred took over ${p99} ms`);
  await settled(oracle, () => sink.look().filter(({ topic }) => topic !== 'slow/watcher'));
});

test('kill -9 in the middle of a commit: what was acknowledged is there', { timeout: 60_000 }, async (t) => {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const options = { dataDir: join(dir, 'data'), sink: `file:${sink.path}` };
  const oracle = new Oracle();
  const device = new Device({ oracle, topic: 'slow/killed', window: 50, sendsAgain: false });
  for (let round = 0; round < 2; round++) {
    const gateway = await startGateway(t, { ...options, faults: { commitDelayMs: 100 } });
    const run = device.run(gateway.port('mqtt'));
    const before = device.latencies.length;
    await eventually('two windows acknowledged', () => device.latencies.length >= before + 100);
    await gateway.kill();
    await run;
  }
  await startGateway(t, options);
  await settled(oracle, () => sink.look());
});

for (const version of [4, 5] as const) {
  test(`MQTT ${version}: a commit that fails is acknowledged to nobody, and what is sent again arrives`, {
    timeout: 60_000,
  }, async (t) => {
    const dir = tempDir(t);
    const sink = new SinkFile(join(dir, 'records.ndjson'));
    // The very first commit may be the buffer's own.
    const faults = { commitDelayMs: 20, failCommits: { from: 10, count: 5 } };
    const gateway = await startGateway(t, { dataDir: join(dir, 'data'), sink: `file:${sink.path}`, faults });
    const oracle = new Oracle();
    const device = new Device({ oracle, topic: 'slow/failing', version, window: 20 });
    let breaks = 0;
    while (!(await device.run(gateway.port('mqtt'), 400))) breaks += 1;
    assert.ok(breaks > 0, 'no commit failed: this test proves nothing');
    assert.ok(breaks < 50, `${breaks} breaks`);
    // One at the end of whose first acknowledgement was lost may be there twice; nothing may be missing.
    const { resent } = await settled(oracle, () => sink.look());
    t.diagnostic(`${breaks} connections ended, ${resent} messages twice as sent twice`);
  });
}

test('a flood over the in-flight limit is held back, never stuck', { timeout: 60_000 }, async (t) => {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const faults = { commitDelayMs: 20 };
  const set = { 'mqtt.maxInFlight': 100 };
  const gateway = await startGateway(t, { dataDir: join(dir, 'data'), sink: `file:${sink.path}`, faults, set });
  const oracle = new Oracle();
  // More than the limit in one socket read, and more than a socket holds.
  const device = new Device({ oracle, topic: 'slow/flood', window: 2_000 });
  assert.deepEqual(await all([device], 30_000, (one) => one.run(gateway.port('mqtt'), 10_000)), [true]);
  await settled(oracle, () => sink.look());
});

test('what else comes in the read that reaches the in-flight limit does not leave the connection stuck', {
  timeout: 60_000,
}, async (t) => {
  const gateway = await startGateway(t, {
    dataDir: join(tempDir(t), 'data'),
    faults: { commitDelayMs: 50 },
    set: { 'mqtt.maxInFlight': 10 },
  });
  const client = await RawMqtt.connect(gateway.port('mqtt'), 'mixed');
  const publish = (messageId: number, qos: 1 | 2) => ({
    ...{ cmd: 'publish' as const, topic: 'mixed', payload: '1', dup: false, retain: false },
    ...{ messageId, qos },
  });
  for (let round = 0; round < 5; round++) {
    const ids = Array.from({ length: 10 }, (_, index) => round * 100 + index + 1);
    // All in one read: ten messages that wait for the disk, and others that are done at once.
    client.send(
      ...ids.map((id) => publish(id, 1)),
      ...ids.map((id) => ({ cmd: 'pubrel' as const, messageId: id + 50 })),
      ...ids.map(() => ({ cmd: 'pingreq' as const })),
    );
    await client.takeMany('puback', 10);
    await client.takeMany('pubcomp', 10);
    await client.takeMany('pingresp', 10);
  }
});
