// MQTT over TLS, with real clients: certificates of our own and of others, followed while the broker runs, and shown by devices.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { ofMqtt } from '../../../src/auth/mqtt-access.ts';
import { ServerCertificate } from '../../../src/auth/tls/server-certificate.ts';
import { systemClock } from '../../../src/core/time.ts';
import type { Log } from '../../../src/lib/log.ts';
import { Listeners } from '../../../src/sources/mqtt/listeners.ts';
import { authSite, by } from '../../auth/site.ts';
import { TestAuthority } from '../../support/certificates.ts';
import { MemoryDisk } from '../../support/memory-shelf.ts';
import { runProgram } from '../../support/mosquitto.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { eventually } from '../../support/wait.ts';
import { Site } from './site.ts';

interface Files {
  readonly certificate?: string;
  readonly key?: string;
  readonly clientCa?: string;
}

/** A broker with TLS. */
async function broker(t: TestContext, files: Files, { requireCertificate = false, clock = systemClock } = {}) {
  const { auth } = await authSite(t);
  const directory = join(tempDir(t), 'tls');
  const options = { enabled: true, port: 0, names: ['gate.example.org'], requireCertificate, ...files };
  const errors: string[] = [];
  const log: Log = { debug() {}, info() {}, warn() {}, error: (_fields, message) => errors.push(message) };
  const certificate = new ServerCertificate({ options, key: 'mqtt.tls', directory, clock, log, followMs: 10 });
  // As if every client came from another machine.
  const access = {
    of: (shown: Parameters<typeof ofMqtt>[1]) => ofMqtt(auth, { ...shown, localAddress: '192.168.1.5' }),
    book: auth.book,
    audit: auth.audit,
  };
  const site = await Site.on(t, new MemoryDisk(), {}, access, { options, certificate });
  const { tls } = site.source.status();
  const port = Number(tls?.address.split(':').at(-1));
  const publish = async (...args: string[]) => {
    const common = ['-h', 'localhost', '-p', `${port}`, '-V', '5', '-q', '1', '-t', 'plug/a', '-m', 'x'];
    const { code, stderr } = await runProgram('mosquitto_pub', [...common, ...args]);
    return code === 0 ? 'taken' : stderr.trim();
  };
  return { auth, directory, site, port, publish, errors };
}

/** The fingerprint of the certificate that a server shows. */
function shownAt(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

test('without files the gateway makes a certificate, which holds under its names and after a restart', async (t) => {
  const { auth, directory, port, publish, site } = await broker(t, {});
  const { password } = await auth.changes.addDevice({ device: 'plug' }, by);
  const ca = join(directory, 'authority.pem');
  const login = ['-u', 'plug', '-P', password!];
  assert.equal(await publish('--cafile', ca, ...login), 'taken');
  assert.match(await publish('--cafile', ca), /not authori[sz]ed/i);
  assert.match(await publish('--cafile', '/etc/ssl/certs/ca-certificates.crt', ...login), /TLS|certificate|error/i);
  assert.equal(site.records.length, 1);
  for (const file of ['authority.pem', 'server.pem'])
    assert.equal(statSync(join(directory, file)).mode & 0o777, 0o600, file);
  const certificates = readFileSync(join(directory, 'server.pem'), 'utf8');
  const leaf = new X509Certificate(certificates.slice(certificates.indexOf('-----BEGIN CERT')));
  for (const name of ['localhost', 'gate.example.org']) assert.ok(leaf.checkHost(name), name);
  assert.ok(leaf.checkIP('127.0.0.1') && leaf.checkIP('::1'));
  const days = (Date.parse(leaf.validTo) - Date.now()) / 86_400_000;
  assert.ok(days > 390 && days < 398, String(days));
  const status = site.source.status().tls;
  assert.deepEqual([status?.isOwn, status?.fingerprint], [true, await shownAt(port)]);
  const again = new ServerCertificate({
    options: { enabled: true, names: ['gate.example.org'] },
    key: 'x',
    directory,
    clock: systemClock,
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  await again.open();
  assert.equal(again.status()?.fingerprint, status?.fingerprint);
});

test('a certificate of our own is made anew when it is due or damaged, by the same authority', async (t) => {
  const directory = join(tempDir(t), 'tls');
  const log: Log = { debug() {}, info() {}, warn() {}, error() {} };
  const openAt = async (ms: number, names: readonly string[] = []) => {
    const clock = { now: () => ms, monotonic: () => 0 };
    const certificate = new ServerCertificate({
      options: { enabled: true, names: [...names] },
      key: 'x',
      directory,
      clock,
      log,
    });
    await certificate.open();
    return certificate.status()!;
  };
  const dayMs = 86_400_000;
  const begin = Date.UTC(2026, 10, 25);
  const first = await openAt(begin);
  const authority = readFileSync(join(directory, 'authority.pem'), 'utf8');
  assert.equal((await openAt(begin + 300 * dayMs)).fingerprint, first.fingerprint);
  const renewed = await openAt(begin + 340 * dayMs);
  assert.notEqual(renewed.fingerprint, first.fingerprint);
  assert.ok(Date.parse(renewed.expiresAt) > begin + 700 * dayMs);
  // A clock that is not set makes nothing new, and a name that is new does.
  assert.equal((await openAt(1_000)).fingerprint, renewed.fingerprint);
  const named = await openAt(begin + 340 * dayMs, ['new.example.org']);
  assert.notEqual(named.fingerprint, renewed.fingerprint);
  assert.equal((await openAt(begin + 340 * dayMs)).fingerprint, named.fingerprint);
  writeFileSync(join(directory, 'server.pem'), 'damaged');
  assert.notEqual((await openAt(begin)).fingerprint, named.fingerprint);
  assert.equal(readFileSync(join(directory, 'authority.pem'), 'utf8'), authority);
});

test('files that change are in use for new connections, and those that can not be used are left', async (t) => {
  const authority = await TestAuthority.make();
  const dir = tempDir(t);
  mkdirSync(dir, { recursive: true });
  const paths = { certificate: join(dir, 'server.pem'), key: join(dir, 'key.pem') };
  const put = (path: string, text: string) => {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  };
  const [one, other] = [await authority.sign(), await authority.sign()];
  const fingerprintOf = (pem: string) => new X509Certificate(pem).fingerprint256;
  put(paths.key, one.key);
  put(paths.certificate, one.certificate);
  const { port, errors, site } = await broker(t, paths);
  assert.equal(await shownAt(port), fingerprintOf(one.certificate));
  const open = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await new Promise((resolve) => open.once('secureConnect', resolve));
  // The key does not belong to it yet.
  put(paths.certificate, other.certificate);
  await eventually('the refusal', () => errors.length === 1);
  assert.equal(await shownAt(port), fingerprintOf(one.certificate));
  put(paths.key, other.key);
  await eventually('the other certificate', async () => (await shownAt(port)) === fingerprintOf(other.certificate));
  assert.equal(site.source.status().tls?.fingerprint, fingerprintOf(other.certificate));
  assert.ok(!open.destroyed);
  open.destroy();
});

test('at a start, what can not be used is a wrong configuration', async (t) => {
  const authority = await TestAuthority.make();
  const dir = tempDir(t);
  const [one, other] = [await authority.sign(), await authority.sign()];
  const file = (name: string, text: string) => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const [cert, key] = [file('c.pem', one.certificate), file('k.pem', other.key)];
  const rows: [files: Files, code: string][] = [
    [{ certificate: cert, key }, 'config.invalid'],
    [{ certificate: cert }, 'config.invalid'],
    [{ certificate: file('n.pem', 'nothing'), key }, 'config.invalid'],
    [{ certificate: join(dir, 'none.pem') }, 'config.unreadable'],
    [{ certificate: 'credential:server' }, 'config.invalid'],
    [{ clientCa: join(dir, 'none.pem') }, 'config.unreadable'],
  ];
  for (const [files, code] of rows) {
    const options = { enabled: true, names: [], ...files };
    const log: Log = { debug() {}, info() {}, warn() {}, error() {} };
    const certificate = new ServerCertificate({ options, key: 'mqtt.tls', directory: dir, clock: systemClock, log });
    await assert.rejects(certificate.open(), { code }, JSON.stringify(files));
  }
});

test('a device shows its certificate instead of a password', async (t) => {
  const authority = await TestAuthority.make('Devices');
  const stranger = await TestAuthority.make('Strangers');
  const dir = tempDir(t);
  const file = (name: string, text: string) => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const clientCa = file('ca.pem', authority.certificate);
  const { auth, directory, publish, site } = await broker(t, { clientCa });
  await auth.changes.addDevice({ device: 'plug', commonName: 'plug-1' }, by);
  const show = async (of: TestAuthority, commonName: string) => {
    const { certificate, key } = await of.sign({ commonName });
    const fingerprint = new X509Certificate(certificate).fingerprint256;
    const args = [
      '--cafile',
      join(directory, 'authority.pem'),
      '--cert',
      file('c.pem', certificate),
      '--key',
      file('k.pem', key),
    ];
    return { args, fingerprint };
  };
  const known = await show(authority, 'plug-1');
  assert.equal(await publish(...known.args), 'taken');
  assert.match(await publish(...(await show(authority, 'plug-2')).args), /not authori[sz]ed/i);
  // Anybody can sign a name.
  assert.match(await publish(...(await show(stranger, 'plug-1')).args), /not authori[sz]ed/i);
  const pinned = await show(stranger, 'whatever');
  assert.match(await publish(...pinned.args), /not authori[sz]ed/i);
  const { account } = await auth.changes.addDevice(
    { device: 'plug', name: 'pinned', fingerprint: pinned.fingerprint },
    by,
  );
  assert.equal(await publish(...pinned.args), 'taken');
  await auth.changes.remove(account.id, by);
  assert.match(await publish(...pinned.args), /not authori[sz]ed/i);
  assert.equal(site.records.length, 2);
});

test('a name in a certificate counts for nothing where no authority of devices is named, whomever the machine trusts', async (t) => {
  const authority = await TestAuthority.make('Anybody');
  const before = getCACertificates('default');
  setDefaultCACertificates([...before, authority.certificate]);
  t.after(() => setDefaultCACertificates(before));
  const dir = tempDir(t);
  const { auth, directory, publish } = await broker(t, {});
  await auth.changes.addDevice({ device: 'plug', commonName: 'plug-1' }, by);
  const { certificate, key } = await authority.sign({ commonName: 'plug-1' });
  writeFileSync(join(dir, 'c.pem'), certificate);
  writeFileSync(join(dir, 'k.pem'), key);
  const shown = [
    '--cafile',
    join(directory, 'authority.pem'),
    '--cert',
    join(dir, 'c.pem'),
    '--key',
    join(dir, 'k.pem'),
  ];
  assert.match(await publish(...shown), /not authori[sz]ed/i);
  const required = { enabled: true, port: 0, names: [], requireCertificate: true };
  const listeners = new Listeners({ tls: { options: required } } as never);
  await assert.rejects(
    listeners.start(() => {}),
    { code: 'config.invalid' },
  );
});

test('where a certificate is required, nobody gets as far as a password without', async (t) => {
  const authority = await TestAuthority.make('Devices');
  const dir = tempDir(t);
  const clientCa = join(dir, 'ca.pem');
  writeFileSync(clientCa, authority.certificate);
  const { auth, directory, publish, site } = await broker(t, { clientCa }, { requireCertificate: true });
  const { password } = await auth.changes.addDevice({ device: 'plug' }, by);
  const login = ['--cafile', join(directory, 'authority.pem'), '-u', 'plug', '-P', password!];
  assert.notEqual(await publish(...login), 'taken');
  const { certificate, key } = await authority.sign({ commonName: 'any' });
  writeFileSync(join(dir, 'c.pem'), certificate);
  writeFileSync(join(dir, 'k.pem'), key);
  assert.equal(await publish(...login, '--cert', join(dir, 'c.pem'), '--key', join(dir, 'k.pem')), 'taken');
  assert.equal(site.records.length, 1);
});
