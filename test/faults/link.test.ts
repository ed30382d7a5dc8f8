import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SinkFile, startCollector } from '../support/collector.ts';
import { impatient, startGateway } from '../support/gateway.ts';
import { all, Device } from '../support/mqtt-client.ts';
import { mutualTls } from '../support/mutual-tls.ts';
import { Oracle, settled } from '../support/oracle.ts';
import { rounds } from '../support/random.ts';
import { type LinkFault, TcpProxy } from '../support/tcp-proxy.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

/** How long after a fault fresh data may take to arrive. */
const recoveryMs = 5_000;
const faultMs = rounds(2_500, 20_000);

async function setUp(t: TestContext, isSecure: boolean) {
  const tls = await mutualTls(t, isSecure);
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const collector = await startCollector(t, { sink: `file:${sink.path}`, tls });
  const proxy = await TcpProxy.start(t, collector.port('collector'));
  // A collector on this machine is sent nothing compressed, unless it is asked for.
  const set = { ...impatient, 'uplink.compression': isSecure ? 'zstd' : 'gzip' };
  const gateway = await startGateway(t, { dataDir: join(dir, 'data'), uplinkPort: proxy.port, tls, set });
  const oracle = new Oracle();
  const devices = ['link/a', 'link/b'].map((topic) => new Device({ oracle, topic, window: 20, paceMs: 10 }));
  return { sink, proxy, gateway, oracle, devices };
}

/** Compressed, and half of them over TLS; not those that TLS itself would see through, as then nothing else had to. */
const faults: readonly [string, LinkFault, 'plaintext' | 'TLS'][] = [
  ['refused', { kind: 'refuse' }, 'plaintext'],
  ['reset while a batch is under way', { kind: 'reset', afterBytes: 20_000 }, 'TLS'],
  ['reset early, before the first batch is through', { kind: 'reset', afterBytes: 300 }, 'TLS'],
  ['black-holed without FIN, both ways', { kind: 'black-hole', direction: 'both' }, 'TLS'],
  ['black-holed without FIN, records only', { kind: 'black-hole', direction: 'up' }, 'plaintext'],
  ['black-holed without FIN, acknowledgements only', { kind: 'black-hole', direction: 'down' }, 'TLS'],
  ['throttled to 50 bytes a second', { kind: 'throttle', bytesPerSecond: 50 }, 'TLS'],
  ['duplicated', { kind: 'duplicate' }, 'plaintext'],
  ['replayed: what was sent comes once more, later', { kind: 'replay' }, 'plaintext'],
  ['half open, the old one delivering late', { kind: 'linger', ms: 800 }, 'plaintext'],
];

for (const [name, fault, transport] of faults) {
  test(`link ${name}: nothing lost, nothing doubled, fresh data soon after`, { timeout: 60_000 }, async (t) => {
    const { sink, proxy, gateway, oracle, devices } = await setUp(t, transport === 'TLS');
    const port = gateway.port('mqtt');
    const load = all(devices, 60_000, (device) => device.run(port));
    await eventually('data before the fault', () => sink.look().length > 100);
    await proxy.set(fault);
    await delay(faultMs);
    if (fault.kind !== 'refuse') assert.ok(proxy.hits > 0, 'the fault struck nobody: this test proves nothing');
    const before = oracle.acknowledgedCount;
    await proxy.set({ kind: 'none' });
    const ended = performance.now();
    const fresh = new Device({ oracle, topic: 'link/fresh' });
    await fresh.run(port, 1);
    await eventually('fresh data', () => sink.look().some(({ topic }) => topic === fresh.topic), {
      timeoutMs: recoveryMs,
    });
    const recovered = Math.round(performance.now() - ended);
    for (const device of devices) device.stop();
    assert.deepEqual(await load, [true, true], 'a device lost its connection to the gateway');
    const { acknowledged } = await settled(oracle, () => sink.look(), recoveryMs);
    assert.ok(before > 100, `only ${before} messages were acknowledged while the link was bad`);
    t.diagnostic(`${acknowledged} acknowledged, fresh data ${recovered} ms after, ${proxy.connections} connections`);
  });
}

test('a link that breaks again and again, each time after a little more', { timeout: 90_000 }, async (t) => {
  const { sink, proxy, gateway, oracle, devices } = await setUp(t, true);
  const port = gateway.port('mqtt');
  const load = all(devices, 60_000, (device) => device.run(port));
  let cuts = 0;
  for (let afterBytes = 100; afterBytes < 30_000; afterBytes = Math.ceil(afterBytes * 1.5)) {
    await proxy.set({ kind: 'reset', afterBytes });
    await eventually(`a cut after ${afterBytes} bytes`, () => proxy.hits > 0);
    cuts += 1;
  }
  await proxy.set({ kind: 'none' });
  for (const device of devices) device.stop();
  await load;
  const { acknowledged } = await settled(oracle, () => sink.look(), recoveryMs);
  t.diagnostic(`${cuts} cuts, ${acknowledged} acknowledged, ${proxy.connections} connections`);
});
