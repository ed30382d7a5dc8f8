// A collector is tried out, stage by stage: real collectors, and whatever else may listen at the address that somebody typed.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer as createWebServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AdminClient } from '../../src/collector/admin/client.ts';
import { Collector } from '../../src/collector/collector.ts';
import { silentLog } from '../../src/lib/log.ts';
import { enrol } from '../../src/uplink/enrol.ts';
import { probe } from '../../src/uplink/probe.ts';
import { ProbeDesk } from '../../src/uplink/probe-desk.ts';
import type { ProbeReport } from '../../src/uplink/probe-report.ts';
import { collectorDefaults } from '../support/options.ts';
import { freePort } from '../support/tcp-port.ts';
import { tempDir } from '../support/temp-dir.ts';
import { now, uplinkOptions } from './fixtures.ts';

async function collectorWith(t: TestContext, tls: boolean) {
  const dir = tempDir(t);
  const options = { ...collectorDefaults, port: 0, sink: `sqlite:${join(dir, 'records.db')}` };
  const collector = new Collector({ ...options, tls: { ...options.tls, enabled: tls } }, silentLog);
  await collector.start();
  t.after(() => collector.stop(now()));
  const url = `${tls ? 'https' : 'http'}://${collector.address}`;
  const token = readFileSync(join(dir, 'records.db.admin-token'), 'utf8').trim();
  const ca = tls
    ? new X509Certificate(
        readFileSync(join(dir, 'records.db.authority.pem'), 'utf8').replace(/^.*?(?=-----BEGIN CERT)/s, ''),
      ).toString()
    : undefined;
  const admin = new AdminClient({ url, token, ...(ca && { ca }) });
  t.after(() => admin.close());
  return { url, admin, ca: ca ?? '' };
}

function desk(t: TestContext, rest: Partial<ConstructorParameters<typeof ProbeDesk>[0]> = {}): ProbeDesk {
  const directory = join(tempDir(t), 'identity');
  return new ProbeDesk({
    options: uplinkOptions,
    directory,
    gateway: () => 'gw',
    agent: 'test',
    now: Date.now,
    ...rest,
  });
}

const states = ({ stages }: ProbeReport) => stages.map(({ stage, state }) => `${stage} ${state}`).join(', ');
const detailOf = ({ stages }: ProbeReport, name: string) => stages.find(({ stage }) => stage === name)!.detail;

test('a collector in plaintext is found good, and knows nothing of it', async (t) => {
  const { url, admin } = await collectorWith(t, false);
  const report = await desk(t).test({ url });
  assert.equal(states(report), 'dns skipped, tcp ok, tls skipped, auth ok, echo ok');
  assert.ok(report.isOk);
  assert.match(String(report.collector?.agent), /headgate/i);
  assert.deepEqual((await admin.listGateways({})).gateways, []);
});

test('a collector with TLS: whom to trust, who is let in, and who is not yet', async (t) => {
  const { url, admin, ca } = await collectorWith(t, true);
  const untrusted = await desk(t).test({ url });
  assert.equal(states(untrusted), 'dns skipped, tcp ok, tls failed, auth skipped, echo skipped');
  assert.match(
    detailOf(untrusted, 'tls'),
    /^The collector's certificate is signed by ".+", which this gateway does not trust/,
  );
  assert.equal(untrusted.certificate?.fingerprint.length, 95);
  assert.ok(untrusted.certificate.names.length > 0 && untrusted.certificate.issuer !== '');
  const stranger = await desk(t).test({ url, ca });
  assert.equal(states(stranger), 'dns skipped, tcp ok, tls ok, auth failed, echo ok');
  assert.match(detailOf(stranger, 'auth'), /^Gateway "gw" has to show a certificate or a token/);
  const wrong = await desk(t).test({ url, ca, token: 'no-such' });
  assert.match(detailOf(wrong, 'auth'), /^This is not the token of gateway "gw"/);
  const named = await desk(t).test({ url, ca, serverName: 'other.example.org' });
  assert.match(detailOf(named, 'tls'), /is not for "other.example.org"/);

  const { token: given } = await admin.createGatewayToken({ gateway: 'gw' });
  const known = await desk(t).test({ url, ca, token: given });
  assert.equal(states(known), 'dns skipped, tcp ok, tls ok, auth ok, echo ok');

  const { token, caFingerprint } = await admin.createEnrolmentToken({ gateway: 'gx', validSeconds: 60 });
  const directory = join(tempDir(t), 'identity');
  const fresh = desk(t, { directory, gateway: () => 'gx' });
  const before = await fresh.test({ url, fingerprint: caFingerprint, enrolToken: token });
  assert.equal(states(before), 'dns skipped, tcp ok, tls ok, auth skipped, echo ok');
  // It is not used up.
  await enrol({ url, token, gateway: 'gx', directory, trust: { fingerprint: caFingerprint } });
  assert.ok((await fresh.test({ url })).isOk);
  const seen = (await admin.listGateways({})).gateways;
  assert.deepEqual(
    seen.map(({ gateway, connected, lastSeenAt }) => [gateway, connected, lastSeenAt]),
    [
      ['gw', false, undefined],
      ['gx', false, undefined],
    ],
  );
});

test('a collector’s token is not told to another address', async (t) => {
  const { url, admin, ca } = await collectorWith(t, true);
  const { token } = await admin.createGatewayToken({ gateway: 'gw' });
  const options = { ...uplinkOptions, token };
  assert.equal((await desk(t, { options: { ...options, url: [url] } }).test({ url, ca })).isOk, true);
  const elsewhere = desk(t, { options: { ...options, url: ['https://other.example.org:1'] } });
  assert.match(detailOf(await elsewhere.test({ url, ca }), 'auth'), /has to show a certificate or a token/);
});

test('what is no collector is told apart from what is not there', async (t) => {
  const listen = async (server: ReturnType<typeof createServer>) => {
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    t.after(() => server.close());
    return (server.address() as AddressInfo).port;
  };
  const web = await listen(createWebServer((_, answer) => answer.end('hello')));
  const rude = await listen(createServer((socket) => socket.destroy()));
  const mute = await listen(createServer((socket) => socket.on('error', () => {}).unref()));
  const closed = await freePort();
  const { url: secure } = await collectorWith(t, true);
  const rows: readonly (readonly [url: string, states: string, stage: string, detail: RegExp])[] = [
    [
      `http://127.0.0.1:${closed}`,
      'tcp failed, tls skipped, auth skipped, echo skipped',
      'tcp',
      /^Nobody listens there/,
    ],
    [`http://127.0.0.1:${web}`, 'tcp ok, tls skipped, auth skipped, echo failed', 'echo', /HTTP\/1/],
    [`http://127.0.0.1:${rude}`, 'tcp ok, tls skipped, auth skipped, echo failed', 'echo', /./],
    [`https://127.0.0.1:${web}`, 'tcp ok, tls failed, auth skipped, echo skipped', 'tls', /speaks no TLS/],
    [`https://127.0.0.1:${mute}`, 'tcp ok, tls failed, auth skipped, echo skipped', 'tls', /does not answer within/],
    [secure.replace('https', 'http'), 'tcp ok, tls skipped, auth skipped, echo failed', 'echo', /speaks TLS/],
  ];
  for (const [url, expected, stage, detail] of rows) {
    const presented = url.startsWith('https') ? { tls: { serverName: '127.0.0.1' } } : {};
    const report = await probe({ url, presented, gateway: 'gw', agent: 'test', now: Date.now, patienceMs: 400 });
    assert.equal(states(report), `dns skipped, ${expected}`, url);
    assert.match(detailOf(report, stage), detail, url);
    assert.equal(report.isOk, false);
  }
  const unknown = await probe({
    ...{ url: 'http://no.such.host:1', presented: {}, gateway: 'gw', agent: 'test', now: Date.now },
    lookUp: async () => {
      throw new Error('getaddrinfo ENOTFOUND no.such.host');
    },
  });
  assert.equal(states(unknown), 'dns failed, tcp skipped, tls skipped, auth skipped, echo skipped');
});

test('what is not asked for rightly is refused, and one is tried at a time', async (t) => {
  const site = desk(t);
  for (const url of ['', 'nowhere', 'ftp://x', 'http://a:b@x:1', 'http://x:1/path'])
    await assert.rejects(site.test({ url }), { code: 'request.invalid' });
  await assert.rejects(site.test({ url: 'http://collector.example.org:1', token: 'x' }), { code: 'request.invalid' });
  await assert.rejects(
    site.test({ url: 'https://127.0.0.1:1', ca: 'no pem' }).then(({ stages }) => stages),
    {
      code: 'request.invalid',
    },
  );
  const first = site.test({ url: 'http://127.0.0.1:1' });
  await assert.rejects(site.test({ url: 'http://127.0.0.1:1' }), { code: 'overload.shed' });
  assert.equal((await first).isOk, false);
  assert.equal((await site.test({ url: 'http://127.0.0.1:1' })).isOk, false);
});

test('what is to be set for a collector: its authority is kept in a file, a token goes along, nothing without TLS enrols', async (t) => {
  const { url, ca } = await collectorWith(t, true);
  const directory = tempDir(t);
  const site = desk(t, { directory });
  const { settings, isEnrolled, carryOut } = site.plan({ url, ca, token: 'x', serverName: 'c' });
  const { ca: file = '' } = (settings.uplink as { tls: { ca?: string } }).tls;
  assert.deepEqual(
    [settings, isEnrolled],
    [{ uplink: { url: [url], token: 'x', tls: { serverName: 'c', ca: file } } }, false],
  );
  assert.deepEqual(readdirSync(directory), [], 'nothing is done before it is known to be of use');
  await carryOut();
  assert.equal(readFileSync(file, 'utf8'), ca);
  assert.throws(() => site.plan({ url: 'http://127.0.0.1:1', enrolToken: 'x' }), { code: 'request.invalid' });
  await assert.rejects(site.plan({ url: 'https://127.0.0.1:1', enrolToken: 'x' }).carryOut(), {
    code: 'request.conflict',
  });
});

test('the token of one collector is not set for another', (t) => {
  const site = desk(t, { options: { ...uplinkOptions, url: ['https://known:1'], token: 'secret' } });
  const rows = [
    { wish: { url: 'https://known:1/' }, shown: {} },
    { wish: { url: 'https://other:1' }, shown: { token: null, tokenFile: null } },
    { wish: { url: 'https://known:2', token: 'its' }, shown: { token: 'its' } },
    { wish: { url: 'https://other:1', enrolToken: 'once' }, shown: { token: null, tokenFile: null } },
  ];
  for (const { wish, shown } of rows) {
    const { url, ...others } = site.plan(wish).settings.uplink;
    assert.deepEqual(others, shown, wish.url);
  }
  // A device that was given its token before anybody knew the address.
  const { url: _, ...unset } = uplinkOptions;
  const fresh = desk(t, { options: { ...unset, token: 'secret' } });
  assert.deepEqual(fresh.plan({ url: 'https://first:1' }).settings.uplink, { url: ['https://first:1'] });
});
