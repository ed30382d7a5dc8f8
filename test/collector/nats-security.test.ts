import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseNats } from '../../src/collector/nats-address.ts';
import { NatsSink } from '../../src/collector/nats-sink.ts';
import { openNatsState } from '../../src/collector/nats-state-store.ts';
import { type NatsOptions, natsDefaults } from '../../src/collector/options.ts';
import { silentLog } from '../../src/lib/log.ts';
import { keep, TestAuthority } from '../support/certificates.ts';
import { NatsServer } from '../support/nats-server.ts';
import { tempDir } from '../support/temp-dir.ts';
import { deliveryOf } from './fixtures.ts';
import { told } from './nats-support.ts';

/** Stores a record, and reads the state: both ways in. */
async function use(t: TestContext, url: string, identity: Partial<NatsOptions> = {}): Promise<void> {
  const options = { ...natsDefaults, ...identity };
  const sink = new NatsSink(parseNats(url), options, () => {});
  await sink.open();
  t.after(() => sink.close());
  assert.deepEqual(told(await sink.commit([deliveryOf('gw', 'e', [[1]])])), ['1-1']);
  const state = await openNatsState(parseNats(url), options, silentLog);
  t.after(() => state.close());
  assert.deepEqual(await state.list('gateway'), []);
}

test('user and password, or a token, are in the address; a wrong one is named as the reason, and not told', async (t) => {
  const rows: [args: string[], right: string, wrong: string][] = [
    [['--user', 'collector', '--pass', 'right horse'], 'collector:right%20horse@', 'collector:s3cret@'],
    [['--auth', 'right-token'], 'right-token@', 's3cret@'],
  ];
  for (const [args, right, wrong] of rows) {
    const server = await NatsServer.start(t, args);
    await use(t, `nats://${right}127.0.0.1:${server.port}`);
    for (const who of [wrong, '']) {
      await assert.rejects(
        use(t, `nats://${who}127.0.0.1:${server.port}`),
        ({ code, message }: { code: string; message: string }) =>
          code === 'sink.failed' && /does not let us in/.test(message) && !/s3cret/.test(message),
      );
    }
  }
});

test('TLS, with a certificate of our own: by the authority that is named, and no other', async (t) => {
  const directory = tempDir(t);
  const [authority, other] = [await TestAuthority.make(), await TestAuthority.make('Another')];
  const ca = join(directory, 'ca.pem');
  const wrongCa = join(directory, 'wrong.pem');
  writeFileSync(ca, authority.certificate);
  writeFileSync(wrongCa, other.certificate);
  const server = keep(directory, 'server', await authority.sign());
  const own = keep(directory, 'own', await authority.sign({ commonName: 'collector' }));
  const args = ['--tls', '--tlscert', server.certificate, '--tlskey', server.key, '--tlsverify', '--tlscacert', ca];
  const nats = await NatsServer.start(t, args);
  const url = `tls://127.0.0.1:${nats.port}`;
  await use(t, url, { ca, cert: own.certificate, key: own.key });
  const failed = { code: 'sink.failed', message: new RegExp(`^NATS at tls://127\\.0\\.0\\.1:${nats.port} `) };
  await assert.rejects(use(t, url, { ca: wrongCa, cert: own.certificate, key: own.key }), failed);
  await assert.rejects(use(t, url, { ca }), failed);
  await assert.rejects(use(t, url), failed);
});

test('a credentials file that is not there is named', async (t) => {
  const server = await NatsServer.start(t);
  await assert.rejects(use(t, server.url, { credentials: '/nowhere/nats.creds' }), {
    code: 'config.invalid',
    message: /\/nowhere\/nats\.creds/,
  });
});
