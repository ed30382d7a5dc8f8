import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { collectorHealth } from '../../src/cli/collector-health.ts';
import { main } from '../../src/cli/main.ts';
import { startCollector } from '../support/collector.ts';
import { startGateway } from '../support/gateway.ts';
import { tempDir } from '../support/temp-dir.ts';

async function headgate(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await main(args, { out: (text) => out.push(text), err: (text) => err.push(text), environment: {} });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

test('health tells by its exit code whether a gateway takes messages in', async (t) => {
  const gateway = await startGateway(t, {
    dataDir: join(tempDir(t), 'data'),
    set: { 'uplink.url': 'http://127.0.0.1:1' },
  });
  const url = `http://127.0.0.1:${gateway.port('http')}`;
  assert.deepEqual(await headgate('health', '--url', url), { code: 0, out: 'ready', err: '' });
  assert.deepEqual(await headgate('health', '--live', '--url', url), { code: 0, out: 'live', err: '' });
  await gateway.stop();
  const { code, err } = await headgate('health', '--url', url);
  assert.equal(code, 1);
  assert.match(err, /No gateway answers at http:\/\/127.0.0.1:\d+: nothing listens there\./);
});

test('collector health tells whether a collector answers, over TLS too, and whether it hangs', async (t) => {
  for (const isSecure of [false, true]) {
    const set = ['--set', `collector.tls.enabled=${isSecure}`];
    const directory = tempDir(t);
    const collector = await startCollector(t, {
      sink: `file:${join(directory, 'records.ndjson')}`,
      env: { HEADGATE_COLLECTOR_TLS_ENABLED: String(isSecure) },
    });
    const { collector: address } = await collector.ready();
    set.push('--set', `collector.port=${String(address).split(':').at(-1)}`);
    assert.deepEqual(await headgate('collector', 'health', ...set), { code: 0, out: 'ready', err: '' });
    if (!isSecure) {
      // As a blocked event loop: the system takes connections, and nobody greets.
      collector.child.kill('SIGSTOP');
      const terminal = { out: () => {}, err: () => {}, environment: {} };
      await assert.rejects(
        collectorHealth(set, terminal, 300),
        /No collector answers at .*did not answer within 0\.3 s/,
      );
      collector.child.kill('SIGCONT');
    }
    assert.deepEqual(
      collector.log.filter(({ level }) => level === 'warn' || level === 'error'),
      [],
    );
    await collector.kill();
    const { code, err } = await headgate('collector', 'health', ...set);
    assert.equal(code, 1);
    assert.match(err, /nothing listens there/);
  }
});
