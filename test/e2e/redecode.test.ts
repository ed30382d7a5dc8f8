import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { connectAsync } from 'mqtt';
import { main } from '../../src/cli/main.ts';
import { impatient, startGateway, statusOf } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

/** A profile of people's own for `acme/{device}`; its first version takes tenths of a degree for degrees. */
const profile = (version: number, scale: number): string => `name: Acme thermometer
version: ${version}
messages:
  - match: { topic: "acme/{device}", confidence: 0.95, reason: it is an Acme }
    decode: keyvalue
    separator: ";"
    fields:
      - { path: T, name: temperature, unit: Cel, scale: ${scale} }
      - { path: S, drop: true }
examples:
  - source: this test
    topic: acme/one
    payload: "T=215;S=0"
    gives: { temperature: ${215 * scale} Cel }
`;

async function headgate(...args: string[]) {
  const out: string[] = [];
  const terminal = { out: (text: string) => out.push(text), err: (text: string) => out.push(text), environment: {} };
  return { code: await main(args, terminal), out: out.join('\n') };
}

async function site(t: TestContext) {
  const dir = tempDir(t);
  const devices = join(dir, 'devices');
  mkdirSync(join(devices, 'acme'), { recursive: true });
  const path = join(dir, 'records.db');
  const set = { ...impatient, 'buffer.keep': '1h', 'decode.profileDirs': JSON.stringify([devices]) };
  return {
    write: (text: string) => writeFileSync(join(devices, 'acme', 'thermometer.yaml'), text),
    start: () => startGateway(t, { dataDir: join(dir, 'data'), sink: `sqlite:${path}`, set }),
    rows: <T>(sql: string): T[] => {
      const db = new Database(path, { readonly: true });
      try {
        return db.prepare(sql).raw().all() as T[];
      } finally {
        db.close();
      }
    },
  };
}

async function publish(gateway: HeadgateProcess, payloads: readonly string[]): Promise<void> {
  const client = await connectAsync(`mqtt://127.0.0.1:${gateway.port('mqtt')}`);
  for (const payload of payloads) await client.publishAsync('acme/one', payload, { qos: 1 });
  await client.endAsync();
}

const delivered = (gateway: HeadgateProcess) =>
  eventually('everything to be delivered', async () => (await statusOf(gateway)).buffer.waitingRecords === 0);

test('what was kept raw is sent again when there is a profile for it, and again when that is corrected', {
  timeout: 60_000,
}, async (t) => {
  const { write, start, rows } = await site(t);
  let gateway = await start();
  await publish(gateway, ['T=215;S=0', 'T=220;S=0']);
  await delivered(gateway);
  assert.deepEqual(rows('SELECT count(*) FROM measurements'), [[0]]);
  const received = rows<[string]>('SELECT received_at FROM records ORDER BY sequence');

  const again = async () => {
    const url = `http://127.0.0.1:${gateway.port('http')}`;
    const said = await headgate('redecode', '--url', url, '--profile', 'acme/thermometer');
    assert.equal(said.code, 0, said.out);
    await delivered(gateway);
    return said.out;
  };
  const values = 'SELECT name, value, unit FROM measurements ORDER BY sequence';
  for (const [version, scale, expected] of [
    [1, 1, [215, 220]],
    [2, 0.1, [21.5, 22]],
  ] as const) {
    write(profile(version, scale));
    if (version === 1) {
      await gateway.stop();
      gateway = await start();
    } else {
      const url = `http://127.0.0.1:${gateway.port('http')}`;
      assert.equal((await headgate('profile', 'reload', '--url', url)).code, 0);
    }
    assert.match(await again(), /^Done: 2 messages decoded again, 2 of them sent anew as 2 records\.$/);
    assert.deepEqual(
      rows(values),
      expected.map((value) => ['temperature', value, 'Cel']),
    );
    assert.match(await again(), /^Done: 2 messages decoded again, 0 of them .* 2 were sent before\.$/);
  }
  const made = 'SELECT received_at, supersedes FROM records WHERE supersedes IS NOT NULL ORDER BY sequence';
  const found = rows<[string, string]>(made);
  assert.deepEqual(
    found.map(([at]) => [at]),
    [...received, ...received],
    'each has the time of its message',
  );
  assert.equal(JSON.parse(found[3]![1]).length, 2, 'the first record, and what the first version had made of it');
  assert.deepEqual(rows('SELECT count(*), sum(is_superseded) FROM records'), [[6, 4]]);
  const { ledger } = (await statusOf(gateway)).buffer;
  assert.deepEqual([ledger.received, ledger.delivered], [6, 6]);

  // What comes now is decoded at once, and is none of it.
  await publish(gateway, ['T=230;S=0']);
  await delivered(gateway);
  assert.match(await again(), /0 of them sent anew/);
  assert.equal(rows(values).length, 3);
});

test('what redecode is asked, and what it says', { timeout: 30_000 }, async (t) => {
  const { start } = await site(t);
  const gateway = await start();
  const url = `http://127.0.0.1:${gateway.port('http')}`;
  const table: [args: string[], code: number, said: RegExp][] = [
    [['--status'], 0, /^Nothing has been decoded again since the gateway was started\.$/],
    [['--topic', 'a/#/b'], 1, /`topic` is "a\/#\/b",/],
    [['--profile', 'tasmota/tasmata'], 1, /did you mean `tasmota\/tasmota`\?/],
    [['--from', 'yesterday'], 1, /`from` must be a time with its zone/],
    [['--status', '--topic', 'a'], 2, /--topic goes with neither/],
    [['--profile', 'tasmota/*', '--json'], 0, /"state": "done"/],
    [['--status'], 0, /^Done: 0 messages decoded again/],
    [['--stop'], 0, /^Done: 0 messages/],
  ];
  for (const [args, code, said] of table) {
    const found = await headgate('redecode', '--url', url, ...args);
    assert.match(found.out, said, args.join(' '));
    assert.equal(found.code, code, args.join(' '));
  }
});
