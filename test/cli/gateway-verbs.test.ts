import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { main } from '../../src/cli/main.ts';
import type { RecordLine } from '../support/collector.ts';
import { startGateway } from '../support/gateway.ts';
import { Device } from '../support/mqtt-client.ts';
import { Oracle } from '../support/oracle.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

// The verbs that ask a running gateway for something, and those that do its data directory's work.

async function headgate(args: readonly string[], environment: Record<string, string> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = { out: (text: string) => out.push(text), err: (text: string) => err.push(text), environment };
  const code = await main(args, terminal);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

const linesOf = (out: string): RecordLine[] =>
  out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

/** A gateway without a collector, in which some records wait: ten of one device, three of another. */
async function site(t: TestContext) {
  const dataDir = join(tempDir(t), 'data');
  // Nobody listens on port 1 of loopback, on any machine that runs tests.
  const set = { 'uplink.url': 'http://127.0.0.1:1', 'buffer.keep': '1h', 'gateway.id': 'greenhouse' };
  const gateway = await startGateway(t, { dataDir, set });
  const oracle = new Oracle();
  await new Device({ oracle, topic: 'ten' }).run(gateway.port('mqtt'), 10);
  await new Device({ oracle, topic: 'three' }).run(gateway.port('mqtt'), 3);
  return { dataDir, gateway, url: `http://127.0.0.1:${gateway.port('http')}` };
}

test('export prints the records of a running gateway, and the same from its files', async (t) => {
  const { dataDir, gateway, url } = await site(t);
  const all = await headgate(['export', '--url', url]);
  assert.deepEqual([all.code, all.err], [0, '']);
  const records = linesOf(all.out);
  assert.deepEqual(
    records.map(({ topic, sequence }) => [topic, Number(sequence)]),
    Array.from({ length: 13 }, (_, n) => [n < 10 ? 'ten' : 'three', n + 1]),
  );
  assert.ok(records.every((record) => record.gateway === 'greenhouse' && record.historical));
  const cut = records[4]!.receivedAt;
  const early = linesOf((await headgate(['export', '--url', url, '--to', cut])).out);
  const late = linesOf((await headgate(['export', '--url', `${url}/`, '--from', cut])).out);
  assert.ok(early.length > 0 && early.length < 13 && early.every(({ receivedAt }) => receivedAt < cut));
  assert.deepEqual([...early, ...late], records);
  assert.equal((await headgate(['export', '--url', url, '--rule', 'none'])).out, '');

  const fromFiles = ['export', '--data-dir', dataDir, '--set', 'gateway.id=greenhouse'];
  assert.deepEqual(linesOf((await headgate(fromFiles)).out), records, 'also while it runs');
  await gateway.kill();
  assert.deepEqual(linesOf((await headgate(fromFiles)).out), records, 'and as a crash leaves it');
  const named = linesOf((await headgate(['export', '--data-dir', dataDir, '--from', cut])).out);
  assert.equal(named.length, late.length);
  assert.match(named[0]!.gateway, /^hg-/, 'else it goes by the name of the data directory');
});

test('backup and restore, for people and for programs', async (t) => {
  const { dataDir, gateway, url } = await site(t);
  const directory = join(tempDir(t), 'backups', 'first');
  const made = await headgate(['backup', directory, '--url', url]);
  assert.deepEqual([made.code, made.err], [0, '']);
  assert.match(made.out, /^Backed up hg-[0-9a-f]+ to \/\S+\/first: \d+ files, [\d.]+ kB\.$/);
  const again = await headgate(['backup', directory, '--url', url]);
  assert.deepEqual([again.code, again.out], [1, '']);
  assert.match(again.err, /^headgate: \/\S+first is not empty, .*Name a directory that is empty/);
  const second = join(tempDir(t), 'second');
  const manifest = JSON.parse((await headgate(['backup', second, '--url', url, '--json'])).out);
  assert.deepEqual(manifest, JSON.parse(readFileSync(join(second, 'manifest.json'), 'utf8')));
  await gateway.stop();

  const target = join(tempDir(t), 'restored');
  const restored = await headgate(['restore', directory, '--data-dir', target]);
  assert.deepEqual([restored.code, restored.err], [0, '']);
  assert.match(
    restored.out,
    /^Restored hg-[0-9a-f]+, as it was at 20\S+Z, to \/\S+restored\. Start it with --set dataDir=/,
  );
  const records = async (path: string) => (await headgate(['export', '--data-dir', path])).out;
  assert.equal(linesOf(await records(target)).length, 13);
  assert.equal(await records(target), await records(dataDir));
  assert.equal(await records(target), await records(directory), 'a backup can be looked into');
  const once = await headgate(['restore', directory, '--data-dir', target]);
  assert.deepEqual([once.code, once.out], [1, '']);
  assert.match(once.err, /is not empty \(buffer\)/);
  const asJson = await headgate(['restore', second, '--data-dir', join(tempDir(t), 'x'), '--json']);
  assert.deepEqual(JSON.parse(asJson.out), manifest);
  const lane = readdirSync(join(second, 'buffer')).find((name) => name.startsWith('default.'))!;
  const segment = join(second, 'buffer', lane, '00000001.db');
  const bytes = readFileSync(segment);
  bytes[5_000]! ^= 1;
  writeFileSync(segment, bytes);
  const damaged = join(tempDir(t), 'y');
  const refused = await headgate(['restore', second, '--data-dir', damaged]);
  assert.deepEqual([refused.code, refused.out, existsSync(join(damaged, 'buffer'))], [1, '', false]);
  assert.match(refused.err, /00000001\.db is not what manifest\.json says.*\nNothing has been restored\./);
});

test('export --resend says how many records go once more', async (t) => {
  const dataDir = join(tempDir(t), 'data');
  const sink = join(tempDir(t), 'records.ndjson');
  const gateway = await startGateway(t, { dataDir, sink: `file:${sink}`, set: { 'buffer.keep': '1h' } });
  const url = `http://127.0.0.1:${gateway.port('http')}`;
  const lines = () => (existsSync(sink) ? linesOf(readFileSync(sink, 'utf8')).length : 0);
  const window = ['--url', url, '--from', '2020-01-01T00:00:00Z', '--to', '2100-01-01T00:00:00Z'];
  assert.equal(
    (await headgate(['export', '--resend', ...window])).out,
    '0 records are being sent to the collector once more.',
  );
  await new Device({ oracle: new Oracle(), topic: 'one' }).run(gateway.port('mqtt'), 1);
  await eventually('the record', () => lines() === 1);
  await eventually('its delivery', async () => {
    const { records } = JSON.parse((await headgate(['export', '--resend', '--json', ...window])).out);
    return records === 1;
  });
  assert.equal(
    (await headgate(['export', '--resend', ...window])).out,
    '1 record is being sent to the collector once more.',
  );
  await eventually('the end of it', async () => {
    const { replayingRecords } = (await (await fetch(`${url}/api/v1/buffer`)).json()) as { replayingRecords: number };
    return replayingRecords === 0;
  });
  assert.equal(lines(), 1, 'the collector knows it');
});

test('wrong usage: exit code 2, and nobody is asked', async () => {
  const rows: readonly (readonly [args: string[], message: string])[] = [
    [['export', 'x'], 'export: `x` is one word too many.'],
    [['export', '--from', 'noon'], 'export: --from must be a time with its zone, such as 2026-11-22T18:00:00Z.'],
    [['export', '--resend'], 'export: --from must be a time with its zone, such as 2026-11-22T18:00:00Z.'],
    [
      ['export', '--from', '2026-01-02T00:00:00Z', '--to', '2026-01-01T00:00:00Z'],
      'export: --to must be later than --from.',
    ],
    [['export', '--url', 'http://x', '--data-dir', 'x'], 'export: give --url or --data-dir, not both.'],
    [['export', '--resend', '--data-dir', 'x'], 'export: --resend asks a running gateway: leave out --data-dir.'],
    [['export', '--json'], 'export: --json goes with --resend; records are JSON anyway.'],
    [['export', '--url', 'localhost'], 'export: --url takes an address such as http://127.0.0.1:8080, not localhost.'],
    [['backup'], 'backup: the one directory to copy to is needed.'],
    [['backup', 'a', 'b'], 'backup: the one directory to copy to is needed.'],
    [['backup', 'a', '--url', 'x'], 'backup: --url takes an address such as http://127.0.0.1:8080, not x.'],
    [['restore'], "restore: the one backup's directory is needed."],
    [['restore', 'a'], 'restore: --data-dir DIR is needed.'],
  ];
  for (const [args, message] of rows) {
    const { code, out, err } = await headgate(args);
    assert.deepEqual([code, out, err.split('\n')[0]], [2, '', `headgate: ${message}`], args.join(' '));
  }
});

test('what can not be done is said in a sentence, with exit code 1', async (t) => {
  const nowhere = join(tempDir(t), 'nothing');
  const rows: readonly (readonly [args: string[], message: RegExp])[] = [
    [
      ['export', '--url', 'http://127.0.0.1:1'],
      /^headgate: No gateway answers at http:\/\/127\.0\.0\.1:1: nothing listens there\.\nStart it/,
    ],
    [['backup', nowhere, '--url', 'http://127.0.0.1:1'], /nothing listens there/],
    [['export', '--data-dir', nowhere], /is no data directory and no backup/],
    [['restore', nowhere, '--data-dir', join(nowhere, 'x')], /manifest\.json can't be read: there is no such file/],
  ];
  for (const [args, message] of rows) {
    const { code, out, err } = await headgate(args);
    assert.deepEqual([code, out], [1, ''], args.join(' '));
    assert.match(err, message);
  }
  assert.equal(existsSync(nowhere), false);
});

async function serverFor(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('another server, an answer that breaks off, and one that says no', async (t) => {
  const problem = JSON.stringify({ status: 403, code: 'access.denied', detail: 'This is only for callers here.' });
  const rows: readonly (readonly [RequestListener, out: string, err: RegExp])[] = [
    [(_, response) => response.writeHead(404).end('no'), '', /is no Headgate gateway: it said HTTP 404\./],
    [(_, response) => response.writeHead(403).end(problem), '', /^headgate: This is only for callers here\.\n/],
    [
      (_, response) => {
        response.writeHead(200).write('{"sequence":"1"}\n{"sequ');
        setImmediate(() => response.destroy());
      },
      '{"sequence":"1"}',
      /its answer broke off, so what came of it is not all/,
    ],
  ];
  for (const [listener, expected, message] of rows) {
    const url = await serverFor(t, listener);
    const { code, out, err } = await headgate(['export', '--url', url]);
    assert.deepEqual([code, out], [1, expected]);
    assert.match(err, message);
  }
  const text = await serverFor(t, (_, response) => response.end('fine'));
  assert.match((await headgate(['backup', '/x', '--url', text])).err, /it said something that is no answer to this/);
});
