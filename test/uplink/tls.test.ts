import assert from 'node:assert/strict';
import { chmodSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Collector } from '../../src/collector/collector.ts';
import type { CollectorSettings } from '../../src/collector/options.ts';
import { systemClock } from '../../src/core/time.ts';
import type { Log } from '../../src/lib/log.ts';
import { Credentials } from '../../src/uplink/credentials.ts';
import type { UplinkOptions } from '../../src/uplink/options.ts';
import { Uplink } from '../../src/uplink/uplink.ts';
import { gatewayUri } from '../../src/wire/identity.ts';
import { keep, TestAuthority } from '../support/certificates.ts';
import type { MemoryBuffer } from '../support/memory-buffer.ts';
import { collectorDefaults } from '../support/options.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';
import { append, collected, newBuffer, now, uplinkOptions, upTo } from './fixtures.ts';

const authority = await TestAuthority.make();
const stranger = await TestAuthority.make('Somebody else');
const quietTls = { ...collectorDefaults.tls, enabled: true };

interface Line {
  readonly level: string;
  readonly reason: string;
  readonly message: string;
}

/** A log that is kept. */
function keptLog(): Log & { readonly lines: Line[] } {
  const lines: Line[] = [];
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, message, reason: String((fields as { reason?: string }).reason ?? '') });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } as Log & {
    lines: Line[];
  };
}

interface Site {
  readonly dir: string;
  readonly sink: string;
  readonly collector: Collector;
  readonly log: Log & { readonly lines: Line[] };
  readonly ca: string;
}

/** A collector whose certificate comes from the test's authority, as do those of its gateways. */
async function site(
  t: TestContext,
  options: Parameters<TestAuthority['sign']>[0] = {},
  tls: Partial<CollectorSettings['tls']> = {},
): Promise<Site> {
  const dir = tempDir(t);
  const sink = `file:${join(dir, 'records.ndjson')}`;
  const ca = join(dir, 'ca.pem');
  writeFileSync(ca, authority.certificate);
  const own = keep(dir, 'collector', await authority.sign(options));
  const log = keptLog();
  const collector = new Collector(
    {
      host: '127.0.0.1',
      port: 0,
      windowBytes: 1e6,
      welcomesPerSecond: 1000,
      sink,
      tls: { ...quietTls, ...own, clientCa: ca, ...tls },
    },
    log,
  );
  await collector.start();
  t.after(() => collector.stop(now()));
  return { dir, sink, collector, log, ca };
}

interface Gateway {
  readonly uplink: Uplink;
  readonly buffer: MemoryBuffer;
  readonly log: Log & { readonly lines: Line[] };
}

function gateway(
  t: TestContext,
  url: string,
  credentials: Partial<Pick<UplinkOptions, 'tls' | 'token' | 'tokenFile'>>,
  buffer = newBuffer(),
): Gateway {
  const log = keptLog();
  const uplink = new Uplink({
    options: { ...uplinkOptions, retryMin: 20, retryMax: 60 },
    urls: () => [url],
    identity: () => buffer.identity,
    credentials: new Credentials(credentials),
    agent: 'test',
    buffer,
    clock: systemClock,
    log,
  });
  t.after(() => uplink.stop(now()));
  void uplink.start();
  return { uplink, buffer, log };
}

/** The gateway's own certificate in a site. */
async function own({ dir, ca }: Site, options: Parameters<TestAuthority['sign']>[0] = {}, by = authority) {
  const pair = await by.sign({ names: [], uris: [gatewayUri('gateway')], ...options });
  return { tls: { ca, ...keep(dir, 'gateway', pair) } };
}

test('over mutual TLS records arrive, and bytes are counted', async (t) => {
  const here = await site(t);
  const { uplink, buffer } = gateway(t, `https://${here.collector.address}`, await own(here));
  for (const n of upTo(20)) append(buffer, n);
  await eventually('all to arrive', () => uplink.status().acknowledgedRecords === 20);
  assert.equal((await collected(here.sink)).length, 20);
});

test('a token in a file is as good as a certificate, and is not sent in plaintext over a network', async (t) => {
  const here = await site(t);
  const { AdminClient } = await import('../../src/collector/admin/client.ts');
  const { readFileSync } = await import('node:fs');
  const admin = new AdminClient({
    url: `https://${here.collector.address}`,
    token: readFileSync(join(here.dir, 'records.ndjson.admin-token'), 'utf8').trim(),
    ca: authority.certificate,
  });
  t.after(() => admin.close());
  const { token } = await admin.createGatewayToken({ gateway: 'gateway' });
  const tokenFile = join(here.dir, 'token');
  writeFileSync(tokenFile, 'guessed\n');
  const { uplink, buffer, log } = gateway(t, `https://${here.collector.address}`, { tls: { ca: here.ca }, tokenFile });
  append(buffer, 1);
  await eventually('a refusal', () => uplink.status().state.name === 'rejected');
  assert.match(log.lines.at(-1)!.reason, /not the token of gateway "gateway"/);
  writeFileSync(tokenFile, `${token}\n`);
  await eventually('it to arrive', () => uplink.status().acknowledgedRecords === 1);
  assert.equal(log.lines.filter(({ level }) => level === 'warn').length, 1, 'one line for the refusals');
  assert.throws(() => new Credentials({ token }).load('http://192.0.2.1:50052'), {
    code: 'config.invalid',
    message: /https/,
  });
  assert.equal(new Credentials({ token }).load('http://127.0.0.1:1').token, token);
});

const dayMs = 86_400_000;

interface BadCase {
  readonly name: string;
  readonly site?: Parameters<TestAuthority['sign']>[0];
  readonly credentials: (here: Site) => Promise<Parameters<typeof gateway>[2]>;
  readonly url?: (here: Site) => string;
  readonly reason: RegExp;
}

const bad: readonly BadCase[] = [
  {
    name: 'a collector of another authority',
    credentials: async (here) => {
      writeFileSync(here.ca, stranger.certificate);
      return await own(here);
    },
    reason: /signed by "Test authority", which this gateway does not trust .*`uplink.tls.ca`/,
  },
  {
    name: 'a collector whose certificate is for another name',
    site: { names: ['elsewhere.example.org'] },
    credentials: own,
    reason: /not for "127.0.0.1" but for elsewhere.example.org.*`uplink.tls.serverName`/,
  },
  {
    name: 'a collector whose certificate has expired',
    site: { fromDays: -20, untilDays: -3 },
    credentials: own,
    reason: new RegExp(
      `expired on ${new Date(Date.now() - 3 * dayMs).toISOString().slice(0, 10)} and this machine's clock says .*Records are kept`,
    ),
  },
  {
    name: 'a collector whose certificate is not valid yet',
    site: { fromDays: 3 },
    credentials: own,
    reason: new RegExp(
      `not valid before ${new Date(Date.now() + 3 * dayMs).toISOString().slice(0, 10)} and this machine's clock says .*Records are kept`,
    ),
  },
  {
    name: 'a gateway without a certificate',
    credentials: async ({ ca }) => ({ tls: { ca } }),
    reason: /has to show a certificate or a token.*enrol-token --gateway gateway/,
  },
  {
    name: "another gateway's certificate",
    credentials: (here) => own(here, { uris: [gatewayUri('neighbour')] }),
    reason: /that of gateway "neighbour", not of "gateway"/,
  },
  {
    name: 'a gateway whose certificate has expired',
    credentials: (here) => own(here, { fromDays: -20, untilDays: -3 }),
    reason: /gateway's certificate expired on .*: enrol it anew/,
  },
  {
    name: 'a gateway of an authority that the collector does not know',
    credentials: (here) => own(here, {}, stranger),
    reason: /certificate is not one that this collector accepts/,
  },
  {
    name: 'plaintext to a collector with TLS',
    credentials: own,
    url: ({ collector }) => `http://${collector.address}`,
    reason: /speaks TLS: its address has to begin with https:\/\//,
  },
];

for (const { name, site: signed, credentials, url, reason } of bad) {
  test(`${name}: one reason, one line, and nothing is lost`, async (t) => {
    const here = await site(t, signed);
    const shown = await credentials(here);
    const { uplink, buffer, log } = gateway(t, url?.(here) ?? `https://${here.collector.address}`, shown);
    for (const n of upTo(5)) append(buffer, n);
    await eventually(
      'several attempts',
      () => uplink.status().attempts >= 3 && uplink.status().state.name === 'rejected',
    );
    const found = uplink.status().state;
    assert.match('reason' in found ? found.reason : '', reason);
    assert.deepEqual(
      log.lines.filter(({ level }) => level === 'warn').map((line) => line.message),
      ['The uplink is down: records wait in the buffer.'],
    );
    assert.match(log.lines[0]!.reason, reason);
    assert.equal(buffer.totals.waitingRecords, 5);
    assert.ok(uplink.status().attempts < 60, 'it does not dial all the time');
  });
}

test('who only says that it is a gateway does not supersede it', async (t) => {
  const here = await site(t);
  const right = gateway(t, `https://${here.collector.address}`, await own(here));
  await eventually('a connection', () => right.uplink.isLive());
  const impostor = gateway(t, `https://${here.collector.address}`, { tls: { ca: here.ca } });
  await eventually('refusals', () => impostor.uplink.status().attempts >= 3);
  append(right.buffer, 1);
  await eventually('a record', () => right.uplink.status().acknowledgedRecords === 1);
  assert.equal(right.uplink.status().connections, 1);
  const told = here.log.lines.filter(({ message }) => message === 'A gateway was not let in.');
  assert.equal(told.length, 1, 'once, not each time');
});

test('the collector says once that somebody speaks no TLS to it', async (t) => {
  const here = await site(t);
  const { uplink } = gateway(t, `http://${here.collector.address}`, {});
  await eventually('several attempts', () => uplink.status().attempts >= 3);
  const told = here.log.lines.filter(({ message }) => message === 'A TLS handshake failed.');
  assert.equal(told.length, 1);
  assert.match(told[0]!.reason, /has to begin with https:\/\//);
});

test('half of a key pair is a wrong configuration', () => {
  assert.throws(() => new Credentials({ tls: { key: 'k' } }).load('https://localhost:1'), {
    code: 'config.invalid',
    message: /`uplink.tls.key` is of no use without `uplink.tls.certificate`/,
  });
});

async function listening(t: TestContext, server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const strange: readonly { name: string; server: () => Promise<Server>; scheme: 'http' | 'https'; reason: RegExp }[] = [
  {
    name: 'HTTP/1 in plaintext',
    server: async () => createHttp((_, answer) => answer.end('hello')),
    scheme: 'http',
    reason: /does not speak HTTP\/2 but HTTP\/1, so it is no collector/,
  },
  {
    name: 'HTTP/1 over TLS',
    server: async () => {
      const { certificate, key } = await authority.sign();
      return createHttps({ cert: certificate, key }, (_, answer) => answer.end('hello'));
    },
    scheme: 'https',
    reason: /does not speak HTTP\/2, so it is no collector/,
  },
  {
    name: 'TLS to what speaks none',
    server: async () => createHttp((_, answer) => answer.end('hello')),
    scheme: 'https',
    reason: /speaks no TLS/,
  },
];

for (const { name, server, scheme, reason } of strange) {
  test(`${name}: it is said that this is no collector`, async (t) => {
    const here = await site(t);
    const address = await listening(t, await server());
    const { uplink, buffer, log } = gateway(t, `${scheme}://${address}`, await own(here));
    append(buffer, 1);
    await eventually('a reason', () => uplink.status().attempts >= 3 && 'reason' in uplink.status().state);
    const found = uplink.status().state;
    assert.match('reason' in found ? found.reason : '', reason);
    assert.equal(log.lines.filter(({ level }) => level === 'warn').length, 1);
    assert.equal(buffer.totals.waitingRecords, 1);
  });
}

test('a new certificate of the collector is used without a restart, and streams go on', async (t) => {
  const here = await site(t, { untilDays: 2 });
  const shown = await own(here);
  const { uplink } = gateway(t, `https://${here.collector.address}`, shown);
  await eventually('a connection', () => uplink.isLive());
  const next = keep(here.dir, 'next', await authority.sign({ names: ['127.0.0.1', 'renewed.example.org'] }));
  // The key last: what is half there is not taken.
  for (const kind of ['certificate', 'key'] as const)
    renameSync(next[kind], join(here.dir, kind === 'key' ? 'collector.key' : 'collector.pem'));
  await eventually('the new one to be shown', () => shownBy(here, 'renewed.example.org', shown.tls), {
    timeoutMs: 10_000,
    everyMs: 200,
  });
  assert.equal(uplink.status().connections, 1, 'who was connected stayed so');
  writeFileSync(join(here.dir, 'collector.pem'), 'garbage');
  await eventually('a complaint', () => here.log.lines.some(({ message }) => /stays in use/.test(message)), {
    timeoutMs: 10_000,
  });
  assert.ok(await shownBy(here, 'renewed.example.org', shown.tls));
});

/** Whether the collector's certificate is good for a name. */
async function shownBy(
  { collector }: Site,
  name: string,
  tls: { ca: string; certificate: string; key: string },
): Promise<boolean> {
  const { connect } = await import('node:tls');
  const { readFileSync } = await import('node:fs');
  const port = Number(collector.address.split(':').at(-1));
  return await new Promise((resolve) => {
    const socket = connect(
      { port, host: '127.0.0.1', servername: name, ca: readFileSync(tls.ca), ALPNProtocols: ['h2'] },
      () => {
        socket.destroy();
        resolve(true);
      },
    );
    socket.on('error', () => resolve(false));
  });
}

test("the gateway's own new certificate is used without a restart", async (t) => {
  const here = await site(t);
  const first = await own(here, { untilDays: 1 });
  const { uplink, buffer, log } = gateway(t, `https://${here.collector.address}`, first);
  await eventually('a connection', () => uplink.isLive());
  await own(here, { untilDays: 60 });
  await eventually('another connection', () => uplink.status().connections === 2 && uplink.isLive(), {
    timeoutMs: 10_000,
  });
  append(buffer, 1);
  await eventually('a record to arrive', () => uplink.status().acknowledgedRecords === 1);
  assert.equal(log.lines.filter(({ level }) => level === 'warn').length, 0);
});

test('a file that can not be read is a reason, and its repair is noticed', async (t) => {
  const here = await site(t);
  const shown = await own(here);
  renameSync(shown.tls.key, `${shown.tls.key}.away`);
  const { uplink, log } = gateway(t, `https://${here.collector.address}`, shown);
  await eventually('a refusal', () => uplink.status().state.name === 'rejected');
  assert.match(log.lines.at(-1)!.reason, /`uplink.tls.key`: .*gateway.key can't be read/);
  renameSync(`${shown.tls.key}.away`, shown.tls.key);
  chmodSync(shown.tls.key, 0o600);
  await eventually('a connection', () => uplink.isLive());
  assert.equal(statSync(shown.tls.key).mode & 0o777, 0o600);
});
