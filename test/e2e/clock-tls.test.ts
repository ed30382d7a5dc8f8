import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { keep, TestAuthority } from '../support/certificates.ts';
import { SinkFile } from '../support/collector.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { impatient, startGateway, statusOf } from '../support/gateway.ts';
import { HeadgateProcess } from '../support/headgate-process.ts';
import { Device } from '../support/mqtt-client.ts';
import { Oracle, settled } from '../support/oracle.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

test('in 1970 no certificate is valid yet: records are taken in, and a time from a browser is the way out', {
  timeout: 60_000,
}, async (t) => {
  const dir = tempDir(t);
  const authority = await TestAuthority.make();
  const files = keep(dir, 'collector', await authority.sign());
  const ca = join(dir, 'ca.pem');
  writeFileSync(ca, authority.certificate);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const collector = await HeadgateProcess.start(t, 'collector', {
    set: {
      'collector.port': 0,
      'collector.sink': `file:${sink.path}`,
      'collector.tls.enabled': true,
      'collector.tls.certificate': files.certificate,
      'collector.tls.key': files.key,
      'collector.tls.clients': 'optional',
    },
  });
  const started = Date.now();
  const clock = new FakeClock(join(dir, 'ahead'), 60_000 - Date.now());
  const gateway = await startGateway(t, {
    dataDir: join(dir, 'data'),
    set: { ...impatient, 'uplink.url': `https://localhost:${collector.port('collector')}`, 'uplink.tls.ca': ca },
    env: clock.env,
  });
  const oracle = new Oracle();
  const device = new Device({ oracle, topic: 'clock' });
  await device.run(gateway.port('mqtt'), 20);
  const { uplink, buffer } = await eventually('the reason', async () => {
    const status = await statusOf(gateway);
    return status.uplink.state === 'waiting' && status;
  });
  assert.equal(buffer.waitingRecords, 20);
  assert.match(JSON.stringify(uplink), /is not valid before .* the clock is not set/);
  assert.match((await statusOf(gateway)).health.summary, /clock is not set/);
  const told = await fetch(`http://127.0.0.1:${gateway.port('http')}/api/v1/clock`, {
    method: 'PUT',
    body: JSON.stringify({ now: new Date().toISOString() }),
    headers: { 'content-type': 'application/json' },
  });
  assert.equal(told.status, 200);
  await settled(oracle, () => sink.look());
  for (const { receivedAt, clockQuality } of sink.look()) {
    assert.equal(clockQuality, 'CLOCK_QUALITY_ESTIMATED');
    assert.ok(Date.parse(receivedAt) >= started - 500 && Date.parse(receivedAt) <= Date.now() + 500, receivedAt);
  }
  const { clock: after } = await statusOf(gateway);
  assert.equal(after.quality, 'estimated');
});
