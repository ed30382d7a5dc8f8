import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HttpApi } from '../../../src/api/http-api.ts';
import { maxItems } from '../../../src/api/measurements/items.ts';
import { HeadgateError } from '../../../src/core/errors.ts';
import { localPrincipal, type Principal } from '../../../src/core/principal.ts';
import { dependencies, FakePublish } from '../fixtures.ts';

const url = '/api/v1/measurements';
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

async function started(publish = new FakePublish(), principal: Principal = localPrincipal) {
  let nowMs = 0;
  const http = new HttpApi(dependencies({}, { publish, identify: () => principal, now: () => nowMs }));
  const app = await http.build();
  const post = (payload: unknown, headers: Record<string, string> = {}) =>
    app.inject({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', ...headers },
      payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { publish, post, pass };
}

test('what is published has its receipt in the answer, and all its digits', async () => {
  const rows: readonly (readonly [body: string, topic: string, payload: string])[] = [
    ['{"topic":"a/b","payload":{"n":12345678901234567890,"x":1.50}}', 'a/b', '{"n":12345678901234567890,"x":1.5}'],
    ['{"topic":"a","payload":21.5}', 'a', '21.5'],
    ['{"topic":"a","payload":null}', 'a', 'null'],
    ['{"topic":"a","payload":{"__proto__":{"x":1}}}', 'a', '{"__proto__":{"x":1}}'],
    ['{"topic":"ä","payloadText":"on"}', 'ä', 'on'],
    ['{"topic":"a","payloadText":""}', 'a', ''],
    ['{"topic":"a","payloadBase64":"AAEC_w"}', 'a', '\0\x01\x02\ufffd'],
  ];
  for (const [body, topic, payload] of rows) {
    const { publish, post } = await started();
    const answer = await post(body);
    assert.equal(answer.statusCode, 200, answer.body);
    assert.deepEqual(answer.json(), { gateway: 'hg-1', epoch: 'e-1', taken: 1, failed: 0, results: [{ sequence: 1 }] });
    const [message] = publish.taken;
    assert.deepEqual([message?.source, message?.topic, text(message!.payload)], ['rest', topic, payload]);
  }
});

test('a measurement says itself what it means', async () => {
  const { publish, post } = await started();
  const fields = { temp: { value: 21.5, unit: '°C' }, isOpen: true, mode: 'auto', n: 5 };
  const answer = await post({ device: 'lab/1', time: '2026-11-22T18:00:00+01:00', fields });
  assert.equal(answer.statusCode, 200, answer.body);
  assert.equal(publish.taken[0]?.topic, 'headgate/devices/lab/1/measurements');
  assert.deepEqual(publish.taken[0]?.said, {
    deviceId: 'lab/1',
    timeMs: Date.parse('2026-11-22T17:00:00Z'),
    fields: [
      { name: 'temp', value: 21.5, unit: 'Cel' },
      { name: 'isOpen', value: true },
      { name: 'mode', value: 'auto' },
      { name: 'n', value: 5 },
    ],
  });
});

test('many come as a list or as lines, and each has its own answer', async () => {
  const good = { topic: 'a', payload: 1 };
  const bad = { topic: 'a' };
  const ndjson = { 'content-type': 'application/x-ndjson' };
  const rows = [
    [[good, good], {}, 200, [1, 2]],
    [[good, bad, good], {}, 207, [1, 'request.invalid', 2]],
    [[good, { topic: 'early/x', payload: 1 }], {}, 202, [1, null]],
    [`${JSON.stringify(good)}\n\n{"topic"\n${JSON.stringify(good)}\n`, ndjson, 207, [1, 'request.invalid', 2]],
  ] as const;
  for (const [body, headers, status, told] of rows) {
    const { post } = await started();
    const answer = await post(body, headers);
    assert.equal(answer.statusCode, status, answer.body);
    const { results, taken, failed } = answer.json();
    const heard = results.map(
      (one: { sequence?: number; error?: { code: string } }) => one.error?.code ?? one.sequence,
    );
    assert.deepEqual(heard, told);
    assert.deepEqual([taken + failed, failed], [told.length, told.filter((one) => typeof one === 'string').length]);
  }
});

test('all lines count, however many are empty between them, and others get their turn', async () => {
  const { publish, post } = await started();
  let turns = 0;
  const count = (): void => {
    turns++;
    if (publish.taken.length < maxItems) setImmediate(count);
  };
  setImmediate(count);
  const lines = '{"topic":"a","payload":1}\n\n \r\n'.repeat(maxItems);
  const answer = await post(lines, { 'content-type': 'application/x-ndjson' });
  assert.deepEqual([answer.statusCode, answer.json().taken, publish.taken.length], [200, maxItems, maxItems]);
  assert.ok(turns > 20, String(turns));
  const more = await post(`${lines}{"topic":"a","payload":1}`, { 'content-type': 'application/x-ndjson' });
  assert.equal(more.statusCode, 400);
});

test('what can not be taken in is a problem, and nothing is taken', async () => {
  const rows: readonly (readonly [body: string, says: RegExp])[] = [
    ['', /no JSON|empty/],
    ['{', /no JSON/],
    ['[]', /empty/],
    ['7', /JSON object/],
    ['{"topic":"a"}', /one of/],
    ['{"topic":"a","payload":1,"payloadText":"1"}', /one of/],
    ['{"topic":"","payload":1}', /not empty/],
    ['{"topic":"a","payload":1,"qos":1}', /no `qos`/],
    ['{"topic":"a","payloadBase64":"%"}', /base64/],
    ['{"topic":"a","payloadText":1}', /text/],
    ['{"device":"a"}', /`fields`/],
    ['{"device":"a/#","fields":{"n":1}}', /`device`/],
    ['{"device":"a","fields":{}}', /1 to 200/],
    ['{"device":"a","fields":{"n":null}}', /number/],
    ['{"device":"a","fields":{"n":[1]}}', /`value` and `unit`/],
    ['{"device":"a","fields":{"n":{"value":1,"x":2}}}', /`value` and `unit`/],
    ['{"device":"a","fields":{"n":1e999}}', /number/],
    ['{"device":"a","fields":{"n":123456789012345678901234567890}}', /number/],
    ['{"device":"a","time":"2026-11-22T18:00:00","fields":{"n":1}}', /zone/],
    [`[${'{},'.repeat(maxItems)}{}]`, /more than/],
    [`{"topic":"a","payload":${'['.repeat(100_000)}`, /no JSON/],
  ];
  const { publish, post } = await started();
  for (const [body, says] of rows) {
    const answer = await post(body);
    assert.equal(answer.statusCode, 400, `${body.slice(0, 60)} ${answer.body.slice(0, 200)}`);
    assert.match(answer.json().detail, says);
    assert.match(String(answer.headers['content-type']), /problem\+json/);
  }
  assert.deepEqual(publish.taken, []);
  assert.equal((await post('x'.repeat(2 * 1024 * 1024 + 1))).statusCode, 413);
  assert.equal((await post('<a/>', { 'content-type': 'text/xml' })).statusCode, 415);
});

test('when there is no room, it is said when to come again', async () => {
  const { publish, post } = await started();
  publish.failure = new HeadgateError('buffer.full', 'There is no room.');
  const one = await post({ topic: 'a', payload: 1 });
  assert.deepEqual([one.statusCode, one.headers['retry-after'], one.json().code], [503, '5', 'buffer.full']);
  const many = await post([
    { topic: 'a', payload: 1 },
    { topic: 'b', payload: 1 },
  ]);
  assert.equal(many.statusCode, 503);
  assert.equal(many.json().results.length, 2);
});

test('each item is held to what its sender may publish', async () => {
  const may = { ...localPrincipal.may, isAdmin: false, publish: ['mine/#'] };
  const { publish, post } = await started(new FakePublish(), { id: 'p', kind: 'program', name: 'meter', may });
  const answer = await post([
    { topic: 'mine/a', payload: 1 },
    { topic: 'other', payload: 1 },
    { device: 'x', fields: { n: 1 } },
  ]);
  assert.equal(answer.statusCode, 207);
  const codes = answer.json().results.map((one: { error?: { code: string } }) => one.error?.code);
  assert.deepEqual(codes, [undefined, 'access.denied', 'access.denied']);
  assert.equal(publish.taken.length, 1);
});

test('the same request under the same key is done once', async () => {
  const { publish, post, pass } = await started();
  const key = { 'idempotency-key': 'k-1' };
  const body = [{ topic: 'a', payload: 1 }];
  const first = await post(body, key);
  const again = await post(body, key);
  assert.deepEqual([again.statusCode, again.json()], [200, first.json()]);
  assert.equal(again.headers['idempotency-replayed'], 'true');
  assert.equal(first.headers['idempotency-replayed'], undefined);
  const other = await post([{ topic: 'a', payload: 2 }], key);
  assert.deepEqual([other.statusCode, other.json().code], [422, 'idempotency.conflict']);
  assert.equal((await post(body, { 'idempotency-key': 'with space' })).statusCode, 400);
  assert.equal(publish.taken.length, 1);
  pass(25 * 3_600_000);
  // The answer is forgotten; the records are not.
  assert.deepEqual((await post(body, key)).json().results, [{ sequence: 1, isDuplicate: true }]);
});

test('a key of which the request is under way waits, and what was not all done is done on', async () => {
  const publish = new FakePublish();
  const { post } = await started(publish);
  const key = { 'idempotency-key': 'k-1' };
  const body = [
    { topic: 'a', payload: 1 },
    { topic: 'b', payload: 2 },
  ];
  const { promise, resolve } = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const deliver = publish.deliver;
  Object.assign(publish, {
    deliver: async (message: Parameters<typeof deliver>[0]) => {
      asked.resolve();
      await promise;
      if (message.topic === 'b' && publish.failure === undefined) {
        publish.failure = new HeadgateError('buffer.full', 'There is no room.');
        throw publish.failure;
      }
      publish.failure = undefined;
      return deliver(message);
    },
  });
  const first = post(body, key);
  await asked.promise;
  const busy = await post(body, key);
  assert.deepEqual([busy.statusCode, busy.json().code, busy.headers['retry-after']], [409, 'idempotency.busy', '1']);
  resolve();
  assert.equal((await first).statusCode, 207);
  const again = await post(body, key);
  assert.deepEqual(
    [again.statusCode, again.json().results],
    [200, [{ sequence: 1, isDuplicate: true }, { sequence: 2 }]],
  );
});

test('a request that comes again after a power cut makes no second record', async () => {
  const key = { 'idempotency-key': 'k-1' };
  const body = [
    { topic: 'a', payload: 1 },
    { topic: 'b', payload: 2 },
  ];
  const before = await started();
  await before.post(body, key);
  // Only the first of the two had reached the disk.
  const publish = new FakePublish();
  const [first] = before.publish.taken.map(({ delivery }) => ({ ...delivery!, agoMs: 5 }));
  publish.recentDeliveries = () => [first!];
  const after = await started(publish);
  const answer = await after.post(body, key);
  assert.deepEqual(
    [answer.statusCode, answer.json().results],
    [200, [{ sequence: null, isDuplicate: true }, { sequence: 1 }]],
  );
  assert.deepEqual(
    publish.taken.map(({ topic }) => topic),
    ['b'],
  );
  // Under another key, or from somebody else, it is another request.
  assert.equal((await after.post(body, { 'idempotency-key': 'k-2' })).json().results[0].sequence, 2);
});
