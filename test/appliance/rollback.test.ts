import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { FormatName } from '../../src/lib/formats.ts';
import { recordsOf } from '../support/collector.ts';
import { startGateway, statusOf } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually, within } from '../support/wait.ts';

const root = join(import.meta.dirname, '../..');

/** This version, but for the formats of its files: each is one further. @returns its `main.ts` */
function laterVersion(t: TestContext): string {
  const home = tempDir(t);
  const isOfBrowser = (path: string) => path.startsWith(join(root, 'src/dashboard'));
  cpSync(join(root, 'src'), join(home, 'src'), { recursive: true, filter: (path) => !isOfBrowser(path) });
  cpSync(join(root, 'package.json'), join(home, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'));
  const change = (file: string, from: RegExp, to: (found: string, n: string) => string): void => {
    const path = join(home, 'src', file);
    const text = readFileSync(path, 'utf8');
    assert.match(text, from);
    writeFileSync(path, text.replace(from, to));
  };
  change('lib/formats.ts', /newest: (\d+)/g, (_, n) => `newest: ${Number(n) + 1}`);
  change('buffer/segment-file.ts', /oldestReader = (\d+)/, (_, n) => `oldestReader = ${Number(n) + 1}`);
  return join(home, 'src/main.ts');
}

/**
 * What lies in a data directory, and its format: one of `lib/formats.ts`, or none that could be a later one. Who adds a kind of file says
 * here which of it is so.
 */
const filesThere: readonly (readonly [
  RegExp,
  FormatName | 'JSON or YAML that gains members' | 'secret' | 'empty space',
])[] = [
  [/^buffer\/head\.db(-wal)?$/, 'head'],
  [/^buffer\/shelf\.db(-wal)?$/, 'shelf'],
  [/^buffer\/[^/]+\/\d+\.db(-wal)?$/, 'segment'],
  [/^buffer\/reserve$/, 'empty space'],
  [/^history\/[^/]+\.db(-wal|-shm)?$/, 'history'],
  [/^collector\/records\.db(-wal|-shm)?$/, 'records'],
  [/^collector\/records\.db\.collector(-wal|-shm)?$/, 'state'],
  [/^collector\/records\.db\.admin-token$/, 'secret'],
  [/^identity\/machine-key$/, 'secret'],
  [/^formats\.json$/, 'JSON or YAML that gains members'],
];

/** @returns the sequences of what was acknowledged */
async function publish(gateway: HeadgateProcess, from: number, count: number): Promise<number[]> {
  const items = Array.from({ length: count }, (_, n) => ({ topic: 'bench/a', payload: { value: from + n } }));
  const answer = await fetch(`http://127.0.0.1:${gateway.port('http')}/api/v1/measurements`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(items),
  });
  const body = (await answer.json()) as { results: { sequence: number }[] };
  assert.equal(answer.status, 200, JSON.stringify(body));
  return body.results.map(({ sequence }) => sequence);
}

test('what a version on trial took in is there for the version before, which goes on where it stopped', {
  timeout: 120_000,
}, async (t) => {
  const dir = tempDir(t);
  const dataDir = join(dir, 'data');
  const sink = `sqlite:${join(dataDir, 'collector', 'records.db')}`;
  const main = laterVersion(t);
  const old = await startGateway(t, { dataDir, sink });
  const sequences = await publish(old, 0, 20);
  await old.stop();
  const files = readdirSync(dataDir, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  const paths = files.map((one) => relative(dataDir, join(one.parentPath, one.name)));
  const unknown = paths.filter((path) => !filesThere.some(([pattern]) => pattern.test(path)));
  assert.deepEqual(unknown, [], 'files whose format nobody has said');
  const unused = filesThere.filter(([pattern]) => !paths.some((path) => pattern.test(path)));
  assert.deepEqual(unused, [], 'files that there are none of');

  const env = { HEADGATE_ON_TRIAL: '1' };
  const later = await startGateway(t, { dataDir, sink, main, env });
  sequences.push(...(await publish(later, 20, 20)));
  await later.kill();

  const again = await startGateway(t, { dataDir, sink });
  sequences.push(...(await publish(again, 40, 20)));
  const { gateway, buffer, health } = await eventually('the backlog to be gone', async () => {
    const status = await statusOf(again);
    return status.buffer.waitingRecords === 0 && status;
  });
  assert.deepEqual([buffer.damages, health.state], [[], 'ready'], health.summary);
  assert.deepEqual(
    sequences,
    [...new Set(sequences)].sort((a, b) => a - b),
    'each is new, and higher',
  );
  await again.stop();
  assert.doesNotMatch(again.said(200), /newer|damaged|could not be read/);
  const records = await recordsOf(t, sink);
  assert.deepEqual(new Set(records.map(({ epoch }) => epoch)), new Set([gateway.epoch]));
  const values = records.map(({ fields }) => Number(fields?.[0]?.number ?? fields?.[0]?.integer));
  assert.deepEqual(
    values.sort((a, b) => a - b),
    Array.from({ length: 60 }, (_, n) => n),
    'each once',
  );

  // Once it is not on trial any more, the same version brings everything on: the one before reads none of it.
  const kept = await startGateway(t, { dataDir, sink, main });
  await publish(kept, 60, 20);
  await kept.stop();
  const late = await startGateway(t, { dataDir, sink, wait: false });
  const { code } = await within(20_000, 'its end', late.exited);
  assert.notEqual(code, 0);
  assert.match(late.said(), /made by a newer Headgate|knows versions up to|readable from format/);
});
