import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { test } from 'node:test';
import { longestBatchMs } from '../../src/api/history-lines.ts';
import { HttpApi } from '../../src/api/http-api.ts';
import { adviceOf, HeadgateError } from '../../src/core/errors.ts';
import { composeStatus } from '../../src/instrumentation/status.ts';
import { healthyParts, laneStatus, someTimeMs } from '../support/status.ts';
import { eventually } from '../support/wait.ts';
import { batchOf, dependencies, FakeBuffer } from './fixtures.ts';

const noon = Date.UTC(2026, 10, 22, 12);
const window = { from: '2026-11-22T12:00:00Z', to: '2026-11-22T14:00:00+01:00' };
const hour = 3_600_000;

async function posted(
  buffer: FakeBuffer,
  path: string,
  payload: object | string,
  { headers = {}, remoteAddress = '127.0.0.1' }: { headers?: Record<string, string>; remoteAddress?: string } = {},
) {
  const app = await new HttpApi(dependencies({}, { buffer })).build();
  return app.inject({
    method: 'POST',
    url: `/api/v1/buffer/${path}`,
    headers: { 'content-type': 'application/json', ...headers },
    payload,
    remoteAddress,
  });
}

const sequencesOf = (body: string): number[] =>
  body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Number(JSON.parse(line).sequence));

test('the buffer is told as in the status, with what is being sent again', async () => {
  const buffer = { ...healthyParts.buffer, lanes: [laneStatus('alarms', { oldestWaitingAt: noon })] };
  const app = await new HttpApi(dependencies({ buffer })).build();
  const response = await app.inject('/api/v1/buffer');
  const { buffer: expected } = composeStatus({ ...healthyParts, buffer }, someTimeMs);
  assert.deepEqual(response.json(), { ...JSON.parse(JSON.stringify(expected)), replayingRecords: 7 });
  assert.equal(response.json().lanes[0].oldestWaitingAt, '2026-11-22T12:00:00.000Z');
});

test('an export has every record of the window and none beside, however they lie in batches', async () => {
  const buffer = new FakeBuffer([
    batchOf(1, [noon - 2 * hour]),
    batchOf(2, [noon - 1000, noon - 1, noon, noon + 1]),
    batchOf(6, [noon + 5]),
    batchOf(7, [noon + hour - 1, noon + hour, noon + hour + 1]),
    batchOf(10, [noon + hour]),
  ]);
  const response = await posted(buffer, 'export', window);
  assert.equal(response.statusCode, 200);
  assert.match(String(response.headers['content-type']), /^application\/x-ndjson/);
  assert.deepEqual(sequencesOf(response.body), [4, 5, 6, 7]);
  assert.deepEqual(JSON.parse(response.body.split('\n')[0]!), {
    gateway: 'hg-1',
    epoch: 'e-1',
    sequence: '4',
    deviceId: 'd',
    time: '2026-11-22T12:00:00.000Z',
    receivedAt: '2026-11-22T12:00:00.000Z',
    clockQuality: 'CLOCK_QUALITY_ESTIMATED',
    priority: 'PRIORITY_NORMAL',
    source: 'mqtt',
    topic: 'd',
    fields: [{ name: 'n', number: 4 }],
    historical: true,
  });
  assert.deepEqual(buffer.windows, [{ fromMs: noon - longestBatchMs, toMs: noon + hour }]);
  // Without bounds it is everything, and one rule's when one is named.
  assert.equal(sequencesOf((await posted(buffer, 'export', {})).body).length, 12 - 2);
  await posted(buffer, 'export', { rule: 'alarms' });
  assert.equal(buffer.windows.at(-1)?.rule, 'alarms');
  assert.equal((await posted(new FakeBuffer(), 'export', {})).body, '');
});

test('a long batch is exported whole', async () => {
  const times = Array.from({ length: 1_200 }, (_, n) => noon + n);
  const { body } = await posted(new FakeBuffer([batchOf(1, times)]), 'export', window);
  assert.deepEqual(
    sequencesOf(body),
    times.map((_, n) => n + 1),
  );
});

test('a replay takes every batch that has a record in the window', async () => {
  const buffer = new FakeBuffer([
    batchOf(1, [noon - 2]),
    batchOf(2, [noon - 1, noon]),
    batchOf(4, [noon + 1, noon + 2 * hour]),
    batchOf(6, [noon + hour]),
  ]);
  assert.deepEqual((await posted(buffer, 'replay', window)).json(), { records: 4 });
  assert.deepEqual(
    buffer.replayed.map(({ firstSequence }) => firstSequence),
    [2, 4],
  );
});

test('a backup goes where it was asked for, and answers with its manifest', async () => {
  const buffer = new FakeBuffer();
  const response = await posted(buffer, 'backup', { directory: '/backups/../x' });
  assert.equal(response.json().gateway, 'hg-1');
  assert.deepEqual(buffer.backups, ['/x']);
});

test('what is not asked for rightly is a problem, and nothing is done', async () => {
  const rows: readonly (readonly [path: string, body: object | string, status?: number])[] = [
    ['export', '', 400],
    ['export', '[]'],
    ['export', 'null'],
    ['export', { form: window.from }],
    ['export', { from: 'yesterday' }],
    ['export', { from: 5 }],
    ['export', { from: '2026-11-22T12:00:00' }],
    ['export', { from: '2026-13-22T12:00:00Z' }],
    ['export', { from: window.from, to: window.from }],
    ['export', { rule: 5 }],
    ['replay', {}],
    ['replay', { from: window.from }],
    ['replay', { to: window.to }],
    ['backup', {}],
    ['backup', 'null'],
    ['backup', { directory: 'relative' }],
    ['backup', { directory: '/a\0b' }],
    ['backup', { directory: 5 }],
  ];
  const buffer = new FakeBuffer();
  for (const [path, body, status = 400] of rows) {
    const response = await posted(buffer, path, body);
    assert.equal(response.statusCode, status, `${path} ${JSON.stringify(body)}`);
    assert.equal(response.json().code, 'request.invalid');
  }
  // What a page may send anywhere without asking is not taken.
  assert.equal((await posted(buffer, 'export', '{}', { headers: { 'content-type': 'text/plain' } })).statusCode, 400);
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  assert.equal((await posted(buffer, 'export', 'a=b', { headers: form })).statusCode, 415);
  assert.deepEqual([buffer.windows, buffer.backups], [[], []]);
  const app = await new HttpApi(dependencies()).build();
  const read = await app.inject('/api/v1/buffer/export');
  assert.deepEqual([read.statusCode, read.headers.allow], [405, 'POST']);
});

test('only callers on the gateway itself are listened to', async () => {
  type Row = readonly [allowed: boolean, remote: string, headers: Record<string, string>];
  const rows: readonly Row[] = [
    [true, '127.0.0.1', {}],
    [true, '127.0.0.1', { host: '127.0.0.1:8080' }],
    [true, '::1', { host: '[::1]:8080' }],
    [true, '::ffff:127.0.0.1', { host: 'localhost:8080', origin: 'http://localhost:8080' }],
    [false, '192.168.1.5', {}],
    [false, '::ffff:10.0.0.1', { host: 'localhost' }],
    [false, '192.168.1.5', { 'x-forwarded-for': '127.0.0.1', forwarded: 'for=127.0.0.1' }],
    // A page from elsewhere in a browser here, and one whose name was made to lead here.
    [false, '127.0.0.1', { host: 'localhost:8080', origin: 'https://evil.example' }],
    [false, '127.0.0.1', { host: 'localhost:8080', origin: 'http://localhost:3000' }],
    [false, '127.0.0.1', { host: 'localhost:8080', origin: 'null' }],
    [false, '127.0.0.1', { host: 'evil.example' }],
    [false, '127.0.0.1', { host: 'localhost:8080', 'sec-fetch-site': 'cross-site' }],
    // Somebody behind a proxy that runs here.
    [false, '127.0.0.1', { host: 'localhost:8080', 'x-forwarded-for': '192.168.1.5' }],
    [false, '127.0.0.1', { host: 'localhost:8080', via: '1.1 squid' }],
    [false, '127.0.0.1', { host: '127.0.0.1.evil.example' }],
    [false, '127.0.0.1', { host: 'localhost@evil.example' }],
  ];
  const bodies = { export: {}, replay: window, backup: { directory: '/x' } };
  for (const [allowed, remoteAddress, headers] of rows) {
    for (const [path, body] of Object.entries(bodies)) {
      const buffer = new FakeBuffer();
      const response = await posted(buffer, path, body, { remoteAddress, headers });
      const what = `${path} from ${remoteAddress} ${JSON.stringify(headers)}`;
      assert.equal(response.statusCode, allowed ? 200 : 401, what);
      if (allowed) continue;
      assert.equal(response.json().code, 'access.unknown', what);
      assert.deepEqual([buffer.windows, buffer.backups], [[], []], what);
    }
  }
});

test('what fails is told under its own code, with what to do', async () => {
  const rows = [
    ['directory.not-empty', 409],
    ['backup.failed', 500],
    ['buffer.closed', 503],
  ] as const;
  for (const [code, status] of rows) {
    const buffer = new FakeBuffer();
    buffer.failure = new HeadgateError(code, 'It can not be.');
    const response = await posted(buffer, 'backup', { directory: '/x' });
    assert.equal(response.statusCode, status);
    assert.match(String(response.headers['content-type']), /^application\/problem\+json/);
    assert.equal(response.json().code, code);
    assert.equal(response.json().detail, 'It can not be.');
    assert.equal(response.json().advice, adviceOf(code));
  }
});

test('a reader that leaves ends the reading', async (t) => {
  const times = Array.from({ length: 5_000 }, (_, n) => noon + n);
  const buffer = new FakeBuffer(Array.from({ length: 40 }, (_, n) => batchOf(1 + n * times.length, times)));
  const http = new HttpApi(dependencies({}, { buffer }));
  await http.start();
  t.after(() => http.stop());
  const asked = request(`http://${http.address}/api/v1/buffer/export`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  });
  asked.end('{}');
  const [response] = await once(asked, 'response');
  await once(response, 'data');
  // It reads no more: the rest is not made before there is room for it.
  assert.equal(buffer.reading, 1);
  response.destroy();
  await eventually('the end of the reading', () => buffer.reading === 0);
});
