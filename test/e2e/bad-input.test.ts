import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { crc32 } from 'node:zlib';
import Database from 'better-sqlite3';
import { startGateway, statusOf } from '../support/gateway.ts';
import { HeadgateProcess, type Settings } from '../support/headgate-process.ts';
import { tempDir } from '../support/temp-dir.ts';
import { within } from '../support/wait.ts';

interface Refusal {
  readonly code: number | null;
  /** What a person at the terminal reads: stderr. */
  readonly text: string;
}

/** Starts what can't start. It has to say why in a few plain lines, without a stack trace, and end soon. */
async function refusal(t: TestContext, set: Settings, args: readonly string[] = [], env = {}): Promise<Refusal> {
  const ports = { 'mqtt.port': 0, 'http.port': 0, 'grpc.port': 0, 'collector.port': 0 };
  const gateway = HeadgateProcess.spawn(t, 'run', { set: { ...ports, ...set }, args, env });
  const { code } = await within(15_000, 'the refusal', gateway.exited);
  const text = gateway.errors.join('\n');
  assert.ok(
    gateway.log.every(({ msg }) => msg !== 'ready'),
    'it said that it was ready',
  );
  assert.doesNotMatch(text, /^\s+at /m, 'a stack trace');
  assert.doesNotMatch(text, /\bnode:|file:\/\//, 'internals');
  assert.match(text, /^headgate: \S/m);
  assert.ok(gateway.errors.length <= 6, text);
  return { code, text };
}

test('a taken port: which, and what to do', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  for (const key of ['mqtt.port', 'http.port', 'grpc.port', 'collector.port']) {
    const { code, text } = await refusal(t, { dataDir: join(tempDir(t), 'data'), [key]: port });
    assert.equal(code, 1);
    assert.match(text, new RegExp(`127\\.0\\.0\\.1:${port}`));
    assert.match(text, /another port/);
  }
});

test('a data directory that can not be written', async (t) => {
  const file = join(tempDir(t), 'file');
  writeFileSync(file, '');
  // Both are beyond even root's reach.
  for (const dataDir of [join(file, 'data'), '/proc/headgate']) {
    const { code, text } = await refusal(t, { dataDir });
    assert.equal(code, 1);
    assert.ok(text.includes(dataDir), text);
    assert.match(text, /write access/);
  }
});

test('an unknown key: 78, with the one that was meant', async (t) => {
  const { code, text } = await refusal(t, { dataDir: tempDir(t), 'mqtt.prot': 1 });
  assert.equal(code, 78);
  assert.match(text, /mqtt\.prot/);
  assert.match(text, /did you mean.*port/i);
});

test('a misspelt key in a file: 78, with file, line and column', async (t) => {
  const path = join(tempDir(t), 'headgate.yaml');
  writeFileSync(path, 'mqtt:\n  port: 0\nuplnk:\n  url: http://x\n');
  const { code, text } = await refusal(t, { dataDir: tempDir(t) }, ['--config', path]);
  assert.equal(code, 78);
  assert.ok(text.includes(`${path}:3:1`), text);
  assert.match(text, /uplink/);
});

test('a broken YAML file: 78, with file, line and column', async (t) => {
  const path = join(tempDir(t), 'headgate.yaml');
  writeFileSync(path, 'mqtt:\n  port: [1883\nhttp: 1\n');
  const { code, text } = await refusal(t, { dataDir: tempDir(t) }, ['--config', path]);
  assert.equal(code, 78);
  assert.match(text, new RegExp(`${path}:\\d+:\\d+`));
});

test('a file that is not there, a value out of range, an environment variable that is wrong: 78', async (t) => {
  const dataDir = tempDir(t);
  const missing = await refusal(t, { dataDir }, ['--config', join(dataDir, 'none.yaml')]);
  assert.deepEqual([missing.code, missing.text.includes('none.yaml')], [78, true]);
  const range = await refusal(t, { dataDir, 'mqtt.port': 70_000 });
  assert.deepEqual([range.code, /mqtt\.port.*65535/.test(range.text)], [78, true], range.text);
  const environment = await refusal(t, { dataDir }, [], { HEADGATE_MQTT_MAX_PACKET_SIZE: 'lots' });
  assert.deepEqual([environment.code, environment.text.includes('lots')], [78, true], environment.text);
});

test('an unknown verb or option: 2', async (t) => {
  for (const [verb, args] of [
    ['rnu', []],
    ['run', ['--sett', 'a=b']],
  ] as const) {
    const wrong = HeadgateProcess.spawn(t, verb, { args });
    const { code } = await within(10_000, 'its end', wrong.exited);
    assert.deepEqual([code, wrong.errors.length > 0], [2, true], wrong.said());
    assert.doesNotMatch(wrong.said(), /^\s+at /m);
  }
});

test('a data directory of a newer version is left alone', async (t) => {
  const dataDir = join(tempDir(t), 'data');
  const gateway = await startGateway(t, { dataDir });
  await gateway.stop();
  const path = join(dataDir, 'buffer', 'head.db');
  const db = new Database(path);
  const head = db.prepare('SELECT * FROM head').get() as Record<string, string | number>;
  const { gateway: id, epoch, created_at_ms: createdAt, reserved, operating_ms: operating } = head;
  const checksum = crc32([999, id, epoch, createdAt, reserved, operating].join());
  db.prepare('UPDATE head SET min_reader = 999, checksum = ?').run(checksum);
  db.close();
  const before = readFileSync(path);
  const { code, text } = await refusal(t, { dataDir });
  assert.equal(code, 1);
  assert.match(text, /newer/);
  assert.ok(text.includes(path), text);
  assert.deepEqual(readFileSync(path), before);
});

test('a file of the buffer that is no database keeps nobody from starting, and is kept', async (t) => {
  const directory = join(tempDir(t), 'data', 'buffer');
  mkdirSync(directory, { recursive: true });
  const text = 'This is no database, but somebody may need it. '.repeat(100);
  writeFileSync(join(directory, 'head.db'), text);
  const gateway = await startGateway(t, { dataDir: join(directory, '..') });
  assert.equal((await statusOf(gateway)).health.state, 'degraded');
  const [kept, ...others] = readdirSync(join(directory, 'damaged'));
  assert.equal(others.length, 0);
  assert.equal(readFileSync(join(directory, 'damaged', kept!), 'utf8'), text);
  await gateway.stop();
});

test('two gateways on one data directory: the second says so, the first goes on', async (t) => {
  const dataDir = join(tempDir(t), 'data');
  const first = await startGateway(t, { dataDir });
  const { code, text } = await refusal(t, { dataDir });
  assert.equal(code, 1);
  assert.match(text, /[Aa]nother Headgate/);
  assert.equal(first.hasExited, false);
  await first.stop();
  // What was held is let go.
  await (await startGateway(t, { dataDir })).stop();
});
