import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AdminClient } from '../../src/collector/admin/client.ts';
import { CertificateAuthority } from '../../src/collector/certificate-authority.ts';
import { Collector } from '../../src/collector/collector.ts';
import { Enrolments } from '../../src/collector/security/enrolment.ts';
import { Identities } from '../../src/collector/security/identities.ts';
import { SqliteStateStore } from '../../src/collector/sqlite-state-store.ts';
import type { StateStore } from '../../src/collector/state-store.ts';
import { systemClock } from '../../src/core/time.ts';
import { silentLog } from '../../src/lib/log.ts';
import { Credentials, identityFiles } from '../../src/uplink/credentials.ts';
import { type EnrolSettings, enrol, requestIn } from '../../src/uplink/enrol.ts';
import { Renewal } from '../../src/uplink/renewal.ts';
import { Uplink } from '../../src/uplink/uplink.ts';
import { TestAuthority } from '../support/certificates.ts';
import { collectorDefaults } from '../support/options.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';
import { append, newBuffer, now, uplinkOptions } from '../uplink/fixtures.ts';

const dayMs = 86_400_000;

/** A collector with an authority of its own, and its administrator. */
async function site(t: TestContext, gatewayValid = 90 * dayMs) {
  const dir = tempDir(t);
  const sink = `sqlite:${join(dir, 'records.db')}`;
  const options = { ...collectorDefaults, port: 0, sink };
  const collector = new Collector({ ...options, tls: { ...options.tls, enabled: true, gatewayValid } }, silentLog);
  await collector.start();
  t.after(() => collector.stop(now()));
  const url = `https://${collector.address}`;
  const token = readFileSync(join(dir, 'records.db.admin-token'), 'utf8').trim();
  const ca = new X509Certificate(
    readFileSync(join(dir, 'records.db.authority.pem'), 'utf8').replace(/^.*?(?=-----BEGIN CERT)/s, ''),
  ).toString();
  const admin = new AdminClient({ url, token, ca });
  t.after(() => admin.close());
  return { dir, url, admin, collector };
}

function settings(t: TestContext, url: string, token: string, fingerprint: string, gateway = 'gateway'): EnrolSettings {
  return { url, token, gateway, directory: join(tempDir(t), 'identity'), trust: { fingerprint } };
}

function uplinkWith(t: TestContext, url: string, directory: string) {
  const buffer = newBuffer();
  const uplink = new Uplink({
    options: uplinkOptions,
    urls: () => [url],
    identity: () => buffer.identity,
    credentials: new Credentials({}, directory),
    companions: [new Renewal(directory, () => 'gateway', systemClock, silentLog)],
    agent: 'test',
    buffer,
    clock: systemClock,
    log: silentLog,
  });
  t.after(() => uplink.stop(now()));
  void uplink.start();
  return { uplink, buffer };
}

test('a gateway enrols with a token and a fingerprint, is let in, is listed, and is not any more once it is revoked', async (t) => {
  const { url, admin } = await site(t);
  const { token, caFingerprint } = await admin.createEnrolmentToken({ gateway: 'gateway', validSeconds: 0 });
  const wanted = settings(t, url, token, caFingerprint);
  const { certificate } = await enrol(wanted);
  assert.equal(statSync(identityFiles(wanted.directory).key).mode & 0o777, 0o600);
  const { uplink, buffer } = uplinkWith(t, url, wanted.directory);
  append(buffer, 1);
  await eventually('the record to arrive', () => uplink.status().acknowledgedRecords === 1);
  const [listed] = (await admin.listGateways({})).gateways;
  assert.equal(listed?.gateway, 'gateway');
  assert.ok(listed.connected && !listed.revoked && listed.lastSeenAt !== undefined);
  assert.equal(
    Number(listed.certificateExpiresAt!.seconds) * 1000,
    Date.parse(new X509Certificate(certificate).validTo),
  );
  await admin.revokeGateway({ gateway: 'gateway' });
  await eventually('the stream to end', () => uplink.status().state.name === 'rejected');
  const { state } = uplink.status();
  assert.match('reason' in state ? state.reason : '', /was revoked on .*enrol-token --gateway gateway/);
  assert.ok((await admin.listGateways({})).gateways[0]!.revoked);
  await assert.rejects(admin.revokeGateway({ gateway: 'nobody' }), { message: /No gateway "nobody"/ });
  // The way out.
  const again = await admin.createEnrolmentToken({ gateway: 'gateway', validSeconds: 60 });
  await enrol({ ...wanted, token: again.token });
  append(buffer, 2);
  await eventually('the second record', () => uplink.status().acknowledgedRecords === 2);
});

test('a token is good for one gateway and one key, which may ask again', async (t) => {
  const { url, admin } = await site(t);
  const { token, caFingerprint: ca } = await admin.createEnrolmentToken({ gateway: '', validSeconds: 60 });
  const first = settings(t, url, token, ca);
  await enrol(first);
  await enrol(first);
  await assert.rejects(enrol(settings(t, url, token, ca)), {
    code: 'enrolment.refused',
    message: /used already, by gateway "gateway"/,
  });
  await assert.rejects(enrol(settings(t, url, token, ca, 'other')), {
    code: 'enrolment.refused',
    message: /used already/,
  });
  await assert.rejects(enrol(settings(t, url, 'guessed', ca)), {
    code: 'enrolment.refused',
    message: /nobody made this token/,
  });
  const named = await admin.createEnrolmentToken({ gateway: 'one', validSeconds: 60 });
  await assert.rejects(enrol(settings(t, url, named.token, ca, 'two')), {
    message: /for gateway "one", not for "two"/,
  });
  const open = await admin.createEnrolmentToken({ gateway: '', validSeconds: 60 });
  await assert.rejects(enrol(settings(t, url, open.token, ca)), { message: /enrolled already/ });
});

test('another fingerprint, and an authority that only claims to have signed, are not believed', async (t) => {
  const { url, admin } = await site(t);
  const { token, caFingerprint } = await admin.createEnrolmentToken({ gateway: '', validSeconds: 60 });
  const wrong = caFingerprint.replace(/^../, (byte) => (byte === '00' ? '11' : '00'));
  await assert.rejects(enrol(settings(t, url, token, wrong)), {
    code: 'collector.unreachable',
    message: /another fingerprint/,
  });
  await assert.rejects(enrol({ ...settings(t, url, token, ''), trust: {} }), {
    code: 'collector.unreachable',
    message: /does not trust/,
  });
});

test('who shows an authority that has the fingerprint, and did not sign for it, is not believed', async (t) => {
  const [real, fake] = [await TestAuthority.make('One name'), await TestAuthority.make('One name')];
  const fingerprint = new X509Certificate(real.certificate).fingerprint256;
  for (const [signer, isRight] of [
    [real, true],
    [fake, false],
  ] as const) {
    const { certificate, key } = await signer.sign();
    // Any answer will do: what counts is whether it is asked at all.
    const server = createSecureServer({ cert: `${certificate}${real.certificate}`, key }, (_, answer) => answer.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const url = `https://localhost:${(server.address() as AddressInfo).port}`;
    const reason = isRight ? /^(?!.*fingerprint)/ : /another fingerprint/;
    await assert.rejects(enrol(settings(t, url, 'token', fingerprint)), { message: reason });
  }
});

test('an enrolment that broke off at any step is done again with the same token', async (t) => {
  const { url, admin } = await site(t);
  const { token, caFingerprint } = await admin.createEnrolmentToken({ gateway: 'gateway', validSeconds: 60 });
  const wanted = settings(t, url, token, caFingerprint);
  const { key, enrolled } = identityFiles(wanted.directory);
  // The key is kept, and nothing was asked.
  await requestIn(wanted.directory, 'gateway');
  const made = readFileSync(key, 'utf8');
  // The collector has answered, and nothing was kept of it; then what was written of the answer is half there.
  await enrol(wanted);
  for (const left of [undefined, 'half of it']) {
    rmSync(enrolled);
    if (left !== undefined) writeFileSync(join(wanted.directory, `.enrolled.json.${process.pid}.new`), left);
    await enrol(wanted);
    assert.equal(readFileSync(key, 'utf8'), made);
  }
  const { uplink } = uplinkWith(t, url, wanted.directory);
  await eventually('a connection', () => uplink.isLive());
});

test('a token expires, and of two collectors that share a store only one takes it', async (t) => {
  const dir = tempDir(t);
  let time = Date.now();
  const clock = { now: () => time, monotonic: () => performance.now() };
  const store = new SqliteStateStore(join(dir, 'state'));
  t.after(() => store.close());
  const authority = await CertificateAuthority.open(join(dir, 'authority.pem'), clock);
  const make = () => new Enrolments(store, new Identities(store), authority, clock, dayMs);
  const one = make();
  const late = await one.createToken('', 1_000);
  time += 1_001;
  const request = (name: string) => requestIn(join(dir, name), name);
  await assert.rejects(one.enrol(late.token, 'a', await request('a')), { message: /expired at/ });
  // Both have looked at the token before one of them takes it.
  const { token } = await one.createToken('', 60_000);
  const csrs = [await request('b'), await request('c')];
  let looked = 0;
  const bothLooked = Promise.withResolvers<void>();
  const meeting: StateStore = Object.create(store, {
    get: {
      value: async (key: string) => {
        const found = await store.get(key);
        if (key.startsWith('enrolment.') && ++looked === 2) bothLooked.resolve();
        if (looked <= 2) await bothLooked.promise;
        return found;
      },
    },
    put: { value: store.put.bind(store) },
    list: { value: store.list.bind(store) },
  });
  const meet = () => new Enrolments(meeting, new Identities(store), authority, clock, dayMs);
  const outcomes = await Promise.allSettled([meet().enrol(token, 'b', csrs[0]!), meet().enrol(token, 'c', csrs[1]!)]);
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
});

test('a certificate that is two thirds old is renewed over the stream, and the next connection shows the new one', async (t) => {
  const { url, admin } = await site(t, 3_600_000 * 2);
  const { token, caFingerprint } = await admin.createEnrolmentToken({ gateway: 'gateway', validSeconds: 60 });
  const wanted = settings(t, url, token, caFingerprint);
  await enrol(wanted);
  const { enrolled } = identityFiles(wanted.directory);
  const before = readFileSync(enrolled, 'utf8');
  // It is good from an hour ago on for three hours, so it is due in an hour: the gateway is one hour ahead.
  const ahead = { now: () => Date.now() + 3_700_000, monotonic: () => performance.now() };
  const buffer = newBuffer();
  const uplink = new Uplink({
    options: uplinkOptions,
    urls: () => [url],
    identity: () => buffer.identity,
    credentials: new Credentials({}, wanted.directory),
    companions: [new Renewal(wanted.directory, () => 'gateway', ahead, silentLog)],
    agent: 'test',
    buffer,
    clock: systemClock,
    log: silentLog,
  });
  t.after(() => uplink.stop(now()));
  void uplink.start();
  await eventually('a new certificate', () => readFileSync(enrolled, 'utf8') !== before);
  await eventually('another connection', () => uplink.status().connections >= 2 && uplink.isLive(), {
    timeoutMs: 10_000,
  });
  append(buffer, 1);
  await eventually('a record', () => uplink.status().acknowledgedRecords === 1);
});

test('what was kept of an identity is not taken for one when it is damaged', async (t) => {
  const { url, admin } = await site(t);
  const { token, caFingerprint } = await admin.createEnrolmentToken({ gateway: 'gateway', validSeconds: 60 });
  const wanted = settings(t, url, token, caFingerprint);
  await enrol(wanted);
  const files = identityFiles(wanted.directory);
  writeFileSync(files.enrolled, '{"certificate":');
  assert.throws(() => new Credentials({}, wanted.directory).load(url), { code: 'data.unreadable' });
  await enrol(wanted);
  assert.ok(new Credentials({}, wanted.directory).load(url).tls?.certificate);
});
