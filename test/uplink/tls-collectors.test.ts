import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Collector } from '../../src/collector/collector.ts';
import { silentLog } from '../../src/lib/log.ts';
import { Credentials } from '../../src/uplink/credentials.ts';
import { gatewayUri } from '../../src/wire/identity.ts';
import { keep, TestAuthority } from '../support/certificates.ts';
import { collectorDefaults } from '../support/options.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';
import { append, collected, connected, newBuffer, now, upTo } from './fixtures.ts';

/** A collector on loopback whose certificate is for this name alone. */
async function collectorNamed(t: TestContext, dir: string, name: string, authority: TestAuthority) {
  const sink = `file:${join(dir, `${name}.ndjson`)}`;
  const tls = { ...collectorDefaults.tls, enabled: true, ...keep(dir, name, await authority.sign({ names: [name] })) };
  const ca = join(dir, 'ca.pem');
  writeFileSync(ca, authority.certificate);
  const collector = new Collector({ ...collectorDefaults, port: 0, sink, tls: { ...tls, clientCa: ca } }, silentLog);
  await collector.start();
  t.after(() => collector.stop(now()));
  return { collector, sink, port: Number(collector.address.split(':')[1]) };
}

test('over mutual TLS: each address of a name is held to the name, a wrong one is passed over, and nothing is doubled', async (t) => {
  const dir = tempDir(t);
  const authority = await TestAuthority.make();
  const wrong = await collectorNamed(t, dir, 'other.example', authority);
  const one = await collectorNamed(t, dir, 'one.example', authority);
  const two = await collectorNamed(t, dir, 'two.example', authority);
  const pair = await authority.sign({ names: [], uris: [gatewayUri('gateway')] });
  const credentials = new Credentials({ tls: { ca: join(dir, 'ca.pem'), ...keep(dir, 'gateway', pair) } });
  // Nobody listens at the first address.
  const lookup = async () => ['127.0.0.2', '127.0.0.1'].map((address) => ({ address, family: 4 }));
  const buffer = newBuffer();
  const urls = [
    `https://wrong.example:${wrong.port}`,
    `https://one.example:${one.port}`,
    `https://two.example:${two.port}`,
  ];
  const uplink = connected(t, buffer, urls, {}, { credentials, lookup });
  for (const n of upTo(10)) append(buffer, n);
  await eventually('the first part', () => buffer.totals.waitingRecords === 0);
  const { url, address, collectors } = uplink.status();
  assert.deepEqual([url, address], [urls[1], `127.0.0.1:${one.port}`]);
  assert.match(collectors[0]?.problem ?? '', /other\.example/);
  await one.collector.stop(new AbortController().signal);
  for (const n of upTo(10)) append(buffer, 10 + n);
  await eventually('the rest', () => buffer.totals.waitingRecords === 0);
  assert.equal(uplink.status().url, urls[2]);
  assert.deepEqual(
    [...(await collected(one.sink)), ...(await collected(two.sink))].map(({ n }) => n),
    upTo(20),
  );
  assert.deepEqual(await collected(wrong.sink), []);
});
