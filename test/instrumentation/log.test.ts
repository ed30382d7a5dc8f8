import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { boundedStream, createLog } from '../../src/instrumentation/log.ts';
import { redactLine } from '../../src/instrumentation/redact.ts';

function recorder() {
  const lines: string[] = [];
  return { lines, stream: { write: (line: string) => void lines.push(line) } };
}

test('an event is one JSON line with time, level as a word, part and message', () => {
  const { lines, stream } = recorder();
  createLog({ level: 'info' }, stream).child({ part: 'mqtt' }).info({ port: 1883, text: 'a\nb' }, 'listening');
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /^[^\n]*\n$/);
  const { time, ...rest } = JSON.parse(lines[0] ?? '');
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(rest, { level: 'info', part: 'mqtt', port: 1883, text: 'a\nb', msg: 'listening' });
});

test('only lines of the level and above are written', () => {
  for (const [level, count] of [
    ['trace', 5],
    ['info', 3],
    ['error', 1],
    ['silent', 0],
  ] as const) {
    const { lines, stream } = recorder();
    const log = createLog({ level }, stream);
    log.trace('a');
    log.debug('a');
    log.info('a');
    log.warn('a');
    log.error('a');
    assert.equal(lines.length, count, level);
  }
});

test('errors keep message, code and cause, under `err` and `error` alike', () => {
  for (const key of ['err', 'error']) {
    const { lines, stream } = recorder();
    const failure = Object.assign(new Error('no disk', { cause: new Error('EIO') }), { code: 'buffer.failed' });
    createLog({ level: 'info' }, stream).error({ [key]: failure }, 'commit failed');
    const logged = JSON.parse(lines[0] ?? '')[key];
    assert.equal(logged.code, 'buffer.failed');
    assert.match(logged.message, /no disk.*EIO/);
    assert.match(logged.stack, /log\.test\.ts/);
  }
});

const secret = 'hunter2';
const secretNames = [
  'password',
  'passwd',
  'passphrase',
  'token',
  'accessToken',
  'authorization',
  'Authorization',
  'cookie',
  'set-cookie',
  'apiKey',
  'api_key',
  'x-api-key',
  'privateKey',
  'private_key',
  'preSharedKey',
  'clientSecret',
  'key',
  'psk',
  'credentials',
];

test('a secret never appears, wherever it stands', () => {
  for (const name of secretNames) {
    const { lines, stream } = recorder();
    const log = createLog({ level: 'trace' }, stream);
    log.info({ [name]: secret }, 'a field');
    log.info({ [name]: [secret, { deep: secret }] }, 'a list');
    log.info({ headers: { request: [{ [name]: secret }] } }, 'nested');
    log.child({ part: 'x', [name]: secret }).info('bound to a child');
    log
      .child({ inner: { [name]: secret } })
      .child({ part: 'y' })
      .warn({}, 'bound to a grandchild');
    log.error({ err: Object.assign(new Error('x'), { [name]: secret, config: { [name]: secret } }) }, 'on an error');
    log.fatal(Object.assign(new Error('x'), { [name]: secret }), 'an error alone');
    assert.equal(lines.length, 7);
    for (const line of lines) assert.ok(!line.includes(secret), `${name}: ${line}`);
  }
});

test('user and password in a URL never appear', () => {
  const { lines, stream } = recorder();
  const log = createLog({ level: 'info' }, stream);
  log.info({ url: `nats://site:${secret}@host:4222/x` }, `connecting to mqtts://u:${secret}@host`);
  log.error({ err: new Error(`connect http://:${secret}@[::1]:1 failed`) }, 'x');
  for (const line of lines) assert.ok(!line.includes(secret), line);
  assert.match(lines[0] ?? '', /nats:\/\/\*\*\*@host:4222\/x/);
});

test('whatever else a line says is left as it is', () => {
  const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string()));
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('topic', 'client', 'count', 'reason', 'monkey', 'bypass'), value),
      (fields) => {
        const line = `${JSON.stringify(fields)}\n`;
        fc.pre(!line.includes('://'));
        const kept = JSON.parse(redactLine(line));
        for (const [name, one] of Object.entries(fields)) {
          assert.deepEqual(kept[name], one);
        }
        assert.ok(redactLine(line).endsWith('}\n'));
      },
    ),
  );
});

test('lines beyond what may wait for a reader are left out and counted', () => {
  const written: string[] = [];
  const stream = { writableLength: 0, write: (line: string) => written.push(line) > 0 };
  const bounded = boundedStream(stream as never, 100);
  bounded.write('a\n');
  stream.writableLength = 101;
  bounded.write('b\n');
  bounded.write('c\n');
  stream.writableLength = 0;
  bounded.write('d\n');
  bounded.write('e\n');
  const [first, said, ...rest] = written;
  assert.deepEqual([first, ...rest], ['a\n', 'd\n', 'e\n']);
  const { level, lost } = JSON.parse(said ?? '');
  assert.deepEqual({ level, lost }, { level: 'warn', lost: 2 });
});
