import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import Value from 'typebox/value';
import { HttpApi } from '../../../src/api/http-api.ts';
import { measurementsQueryOf } from '../../../src/api/measurements/history-query.ts';
import { measurementsAnswer } from '../../../src/api/measurements/history-schema.ts';
import { localPrincipal, nobody, type Principal } from '../../../src/core/principal.ts';
import { Site } from '../../history/fixtures.ts';
import { memoryDir } from '../../support/small-disk.ts';
import { dependencies } from '../fixtures.ts';

const url = '/api/v1/measurements';

/** An API in front of a real history, that the test feeds. */
async function started(t: TestContext, principal: Principal = localPrincipal) {
  const site = await Site.open(t, memoryDir(t));
  const { queries } = site.history;
  const http = new HttpApi(dependencies({}, { history: queries, identify: () => principal }));
  const app = await http.build();
  const get = (query: string, headers: Record<string, string> = {}) => app.inject({ url: `${url}?${query}`, headers });
  return { site, get };
}

test('a window is told in columns and in rows, as the schema says', async (t) => {
  const { site, get } = await started(t);
  const start = site.time.now();
  site.take({ fields: { power: 10, door: true, mode: 'eco' }, unit: 'W' });
  await site.time.advance(20_000);
  site.take({ fields: { power: 12.5 }, unit: 'W' });
  const from = encodeURIComponent(new Date(start).toISOString());
  const rows = [
    [`from=${from}`, 'raw', ['power', 'door', 'mode']],
    [`from=${from}&layout=rows`, 'raw', undefined],
    [`from=${from}&field=power`, 'raw', ['power']],
    [`from=${from}&field=power&field=mode`, 'raw', ['power', 'mode']],
    [`from=${from}&bucket=10s`, 'buckets', ['power', 'door', 'mode']],
    [`from=${from}&bucket=10s&layout=rows`, 'buckets', undefined],
    ['from=-2h&to=now&points=100', 'buckets', ['power', 'door', 'mode']],
  ] as const;
  for (const [query, kind, fields] of rows) {
    const answer = await get(`device=boiler&${query}`);
    assert.equal(answer.statusCode, 200, answer.body);
    const body = answer.json();
    const isAsTheSchemaSays: boolean = Value.Check(measurementsAnswer, body);
    assert.ok(isAsTheSchemaSays, `${query}: ${answer.body}`);
    assert.equal(body.kind, kind, query);
    if (fields !== undefined)
      assert.deepEqual(
        body.series.map((one: { field: string }) => one.field),
        fields,
        query,
      );
  }
  const { series, bucketSeconds, tier } = (await get(`device=boiler&from=${from}&bucket=10s&field=power`)).json();
  assert.deepEqual([bucketSeconds, tier], [10, '10s']);
  assert.deepEqual(series, [
    {
      ...{ field: 'power', tags: '', unit: 'W', type: 'number', times: [start, start + 20_000] },
      ...{ min: [10, 12.5], max: [10, 12.5], avg: [10, 12.5], count: [1, 1], first: [10, 12.5], last: [10, 12.5] },
    },
  ]);
});

test('whoever has an answer already is told that it is the same, until it is another', async (t) => {
  const { site, get } = await started(t);
  site.take({ fields: { power: 10 } });
  const query = 'device=boiler&from=-10m&bucket=1m';
  const first = await get(query);
  const etag = first.headers.etag as string;
  site.time.sleep(1_000);
  const again = await get(query, { 'if-none-match': `"other", ${etag}` });
  assert.deepEqual([again.statusCode, again.body], [304, '']);
  site.take({ fields: { power: 11 } });
  const other = await get(query, { 'if-none-match': etag });
  assert.equal(other.statusCode, 200);
  assert.notEqual(other.headers.etag, etag);
});

test('a table of any length is told piece by piece, each row once', async (t) => {
  const { site, get } = await started(t);
  const start = site.time.now();
  for (let i = 0; i < 5_000; i++) {
    site.take({ device: 'boiler', fields: { power: i, 'odd,"name"': 1 } });
    site.time.sleep(10_000);
  }
  const from = encodeURIComponent(new Date(start).toISOString());
  const lines = (await get(`device=boiler&from=${from}&bucket=10s&field=power&format=ndjson`)).body.trim().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).last),
    Array.from({ length: 5_000 }, (_, i) => i),
  );
  // As fine as there is: of all of it buckets, of what memory has every point.
  const finest = (await get(`device=boiler&from=${from}&bucket=finest&field=power&format=ndjson`)).body.trim();
  assert.deepEqual(finest.split('\n'), lines);
  const newest = (await get('device=boiler&from=-5m&bucket=finest&field=power&format=csv')).body.trim().split('\r\n');
  assert.equal(newest[0], 'field,tags,unit,time,value');
  assert.equal(newest.length, 31);
  const csv = await get(`device=boiler&from=${from}&to=-1m&bucket=1h&format=csv`);
  assert.match(csv.headers['content-type'] as string, /^text\/csv/);
  const [head, ...table] = csv.body.trim().split('\r\n');
  assert.equal(head, 'field,tags,unit,time,min,max,avg,count,first,last,value');
  assert.equal(table.length, 28);
  assert.equal(table[0], `power,,,${new Date(start).toISOString()},0,359,179.5,360,0,359,`);
  assert.equal(table[14], `"odd,""name""",,,${new Date(start).toISOString()},1,1,1,360,1,1,`);
});

test('a device of very many fields is told of in part, and a table only by the names of its fields', async (t) => {
  const { site, get } = await started(t);
  const fields = Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`f${i}`, i]));
  site.take({ fields });
  const asked = async (query: string) => (await get(`device=boiler&from=-1h&${query}`)).json();
  for (const [query, series] of [
    ['bucket=1m', 100],
    ['bucket=10s', 55],
    ['points=2000&to=now', 55],
  ] as const) {
    const body = await asked(query);
    assert.deepEqual([body.series.length, body.leftSeries], [series, 150 - series], query);
  }
  const refusal = await asked('bucket=1m&format=csv');
  assert.equal(refusal.code, 'request.invalid');
  assert.match(refusal.detail, /has 150 fields: ask for up to 100/);
  const some = await get('device=boiler&from=-1d&bucket=10s&format=ndjson&field=f7&field=f149');
  assert.deepEqual(
    some.body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).last),
    [7, 149],
  );
});

test('what can not be asked for is refused with a reason', async (t) => {
  const { get } = await started(t);
  const rows: readonly (readonly [query: string, status: number, code: string, detail: RegExp])[] = [
    ['', 400, 'request.invalid', /`device`/],
    ['device=', 400, 'request.invalid', /`device`/],
    ['device=a&device=b', 400, 'request.invalid', /once/],
    ['device=a&form=json', 400, 'request.invalid', /no parameter `form`/],
    ['device=a&from=yesterday', 400, 'request.invalid', /`from`/],
    ['device=a&from=2026-06-01T00:00:00', 400, 'request.invalid', /zone/],
    ['device=a&from=-1h&to=-2h', 400, 'request.invalid', /later/],
    ['device=a&points=0', 400, 'request.invalid', /`points`/],
    ['device=a&points=2001', 400, 'request.invalid', /`points`/],
    ['device=a&bucket=15s', 400, 'request.invalid', /multiple of 10s/],
    ['device=a&bucket=finest', 400, 'request.invalid', /take `format` ndjson or csv/],
    ['device=a&bucket=0s', 400, 'request.invalid', /multiple of 10s/],
    ['device=a&from=-1d&bucket=10s', 400, 'request.invalid', /2000 buckets/],
    ['device=a&format=xml', 400, 'request.invalid', /`format`/],
    ['device=a&layout=grid', 400, 'request.invalid', /`layout`/],
    ['device=nobody', 404, 'device.unknown', /nobody/],
    ['device=nobody&from=-1h', 404, 'device.unknown', /nobody/],
    ['device=nobody&from=-1h&format=csv', 404, 'device.unknown', /nobody/],
  ];
  for (const [query, status, code, detail] of rows) {
    const answer = await get(query);
    assert.equal(answer.statusCode, status, `${query}: ${answer.body}`);
    assert.equal(answer.json().code, code, query);
    assert.match(answer.json().detail, detail, query);
  }
});

test('nobody sees a device that they may not see', async (t) => {
  const may = { ...nobody.may, readDevices: ['boiler'] };
  const { site, get } = await started(t, { ...nobody, kind: 'program', name: 'chart', may });
  for (const device of ['boiler', 'safe']) site.take({ device, fields: { a: 1 } });
  assert.equal((await get('device=boiler&from=-1m')).statusCode, 200);
  for (const query of ['device=safe&from=-1m', 'device=safe', 'device=boiler&device=safe', '']) {
    assert.equal((await get(query)).statusCode, 403, query);
  }
});

test('windows are cut to what can be there', () => {
  const limits = { nowMs: 1e12, oldestMs: 9e11, maxPoints: 2_000 };
  const asked = (query: object) => {
    const found = measurementsQueryOf({ device: 'a', ...query }, limits);
    return typeof found === 'string' ? found : found.window && [found.window.fromMs, found.window.toMs];
  };
  assert.equal(asked({}), undefined);
  assert.deepEqual(asked({ points: '10' }), [1e12 - 3_600_000, 1e12 + 1]);
  assert.deepEqual(asked({ from: '1970-01-01T00:00:00Z' }), [9e11, 1e12 + 1]);
  assert.deepEqual(asked({ from: '-1m', to: '9999-01-01T00:00:00Z' }), [1e12 - 60_000, 1e12 + 86_400_000]);
  assert.deepEqual(asked({ from: '9998-01-01T00:00:00Z', to: '9999-01-01T00:00:00Z' }), [1e12, 1e12 + 86_400_000]);
});
