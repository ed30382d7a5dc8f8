// One table of errors: what is thrown is in it, what is in it is thrown, and the document says the same.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { errorsTable, withPart } from '../../src/api/errors-table.ts';
import { closeCodeOf, errorEvent, errorFrame, graphqlExtensions } from '../../src/api/failure-forms.ts';
import { problem, problemOf, unreadableRequest } from '../../src/api/problem.ts';
import { errorKinds } from '../../src/core/error-kinds.ts';
import { type ErrorCode, errorCodes, failure, failureOf, HeadgateError, kindOf } from '../../src/core/errors.ts';
import { refusalCodeOf } from '../../src/sources/mqtt/reason-codes.ts';
import { rpcStatus } from '../../src/wire/rpc-status.ts';

const src = join(import.meta.dirname, '../../src');
const codes = Object.keys(errorCodes) as ErrorCode[];
const sources = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && file !== join('core', 'errors.ts'))
  .map((file) => [file, readFileSync(join(src, file), 'utf8')] as const);

test('every code of the table is used, and every code that is used is in the table', () => {
  const text = sources.map(([, one]) => one).join('\n');
  const unused = codes.filter((code) => !text.includes(`'${code}'`));
  assert.deepEqual(unused, []);
  const named = /(?:HeadgateError|problem|failure)\(\s*'([^']+)'|\bcode: '([a-z-]+\.[a-z-]+)'/g;
  const strays = sources.flatMap(([file, one]) =>
    [...one.matchAll(named)]
      .map(([, thrown, said]) => thrown ?? said!)
      .filter((code) => !Object.hasOwn(errorCodes, code))
      .map((code) => `${file}: ${code}`),
  );
  assert.deepEqual(strays, []);
});

test('the document has the table', () => {
  const text = readFileSync(join(src, 'api/README.md'), 'utf8');
  assert.ok(withPart(text, 'errors', errorsTable()) === text, '`npm run generate` writes it.');
  assert.throws(() => withPart(text, 'nothing', ''), RangeError);
});

test('every code says what to do, in one line', () => {
  for (const [code, [, advice]] of Object.entries(errorCodes)) {
    assert.match(code, /^[a-z]+\.[a-z-]+$/);
    assert.match(advice, /^[A-Z][^\n]+\.$/, code);
  }
});

test('every protocol has a name for every kind', () => {
  for (const [name, { http, grpc, webSocket, mqtt, exit }] of Object.entries(errorKinds)) {
    assert.ok(http >= 400 && http < 600, name);
    assert.ok(grpc[0] >= 1 && grpc[0] <= 16 && /^[A-Z_]+$/.test(grpc[1]), name);
    // RFC 6455 §7.4: 1005, 1006 and 1015 are never sent.
    assert.ok([1003, 1009, 1011, 1012, 1013].includes(webSocket) || webSocket === 4000 + http, name);
    assert.ok(mqtt >= 0x80 && mqtt <= 0xa2, name);
    assert.ok(exit > 0, name);
  }
});

test('what is private is told nobody outside', () => {
  const secret = 'secret /home/x';
  for (const code of codes) {
    const said = failureOf(new HeadgateError(code, secret));
    const { isPrivate = false } = kindOf(code);
    assert.equal(said.code, isPrivate ? 'server.failed' : code);
    assert.equal(said.detail.includes(secret), !isPrivate, code);
  }
  for (const error of [new Error(secret), secret, undefined]) {
    const { code, detail } = failureOf(error);
    assert.deepEqual([code, detail.includes(secret)], ['server.failed', false]);
  }
});

test('each protocol tells the same', () => {
  const full = failureOf(new HeadgateError('buffer.full', 'It is full.', { retryAfterSeconds: 7 }));
  const members = { code: 'buffer.full', detail: 'It is full.', retryable: true, retryAfterSeconds: 7 };
  const { advice, ...rest } = full;
  assert.deepEqual(rest, members);
  assert.deepEqual(problemOf(new HeadgateError('buffer.full', 'It is full.')), {
    type: 'about:blank',
    title: 'Service unavailable',
    status: 503,
    ...full,
    retryAfterSeconds: 5,
  });
  assert.deepEqual(errorFrame(full, 3), { type: 'error', id: 3, ...full });
  assert.deepEqual(errorFrame(full), { type: 'error', ...full });
  assert.equal(closeCodeOf('buffer.full'), 1013);
  assert.deepEqual(JSON.parse(/^event: error\ndata: (.*)\n\n$/.exec(errorEvent(full))?.[1] ?? ''), full);
  const { detail, ...extensions } = full;
  assert.deepEqual(graphqlExtensions(full), extensions);
  const unknown = failure('device.unknown', 'There is none.');
  assert.deepEqual([unknown.retryable, 'retryAfterSeconds' in unknown], [false, false]);
  const status = rpcStatus(full);
  for (const text of ['It is full.', 'BUFFER_FULL', 'headgate', advice, 'type.googleapis.com/google.rpc.RetryInfo'])
    assert.ok(status.includes(text), text);
  assert.equal(status[1], kindOf('buffer.full').grpc[0]);
  assert.ok(!rpcStatus(unknown).includes('RetryInfo'));
});

test('an MQTT 5 client whose message was not taken in is told why, by a code that a DISCONNECT may have', () => {
  // § 3.14.2.1
  const allowed = new Set([0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93]);
  for (let code = 0x94; code <= 0xa2; code++) allowed.add(code);
  const rows = [
    ['buffer.full', 0x97],
    ['buffer.failed', 0x89],
    ['buffer.closed', 0x8b],
    ['overload.shed', 0x89],
  ] as const;
  for (const [code, expected] of rows) {
    assert.equal(refusalCodeOf(new HeadgateError(code, 'No.')), expected, code);
    assert.ok(allowed.has(expected));
  }
  assert.equal(refusalCodeOf(new Error('unexpected')), 0x89);
});

test('a status that has no code counts as the plainest of its class', () => {
  const rows: readonly (readonly [status: number, told: number, code: ErrorCode])[] = [
    [400, 400, 'request.invalid'],
    [418, 400, 'request.invalid'],
    [431, 431, 'request.headers-too-large'],
    [500, 500, 'server.failed'],
    [599, 500, 'server.failed'],
  ];
  for (const [status, told, code] of rows) {
    const said = problem(status, 'So it is.');
    assert.deepEqual([said.status, said.code], [told, code]);
  }
  assert.match(unreadableRequest('HPE_HEADER_OVERFLOW'), /^HTTP\/1.1 431 .*\r\n[\s\S]*"request.headers-too-large"/);
});
