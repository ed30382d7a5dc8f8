import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HttpApi } from '../../src/api/http-api.ts';
import { dependencies, rulesApi } from './fixtures.ts';

async function asked(query: string) {
  const app = await new HttpApi(dependencies()).build();
  return app.inject({ method: 'GET', url: `/api/v1/rules${query}` });
}

test('every rule is told with all its defaults, the built-in ones last', async () => {
  const { rules, ...rest } = (await asked('')).json();
  assert.deepEqual(rest, {});
  assert.deepEqual(rules, JSON.parse(JSON.stringify(rulesApi().describe())));
  assert.deepEqual(
    rules.map(({ name }: { name: string }) => name),
    ['alarms', 'default-qos0', 'default'],
  );
  const [alarms] = rules;
  assert.equal(alarms.handlings[0].ttlMs, 60_000);
  assert.equal(alarms.handlings[0].maxBytes, null, 'what is not set is said, too');
});

test('for a message it is told which rule holds, and why', async () => {
  const raw = { kind: 'raw', profile: null, fields: [], records: 1 };
  type Row = readonly [query: string, rule: string, message: object];
  const rows: readonly Row[] = [
    [
      '?topic=alarm%2Ffire',
      'alarms',
      { source: 'mqtt', topic: 'alarm/fire', mqttQos: 1, device: 'alarm/fire', ...raw },
    ],
    [
      '?topic=x&payload=%7B%22t%22:1%7D&mqttQos=0',
      'default-qos0',
      { source: 'mqtt', topic: 'x', mqttQos: 0, device: 'x', ...raw, kind: 'measurement', fields: ['t'] },
    ],
    // What did not come over MQTT has none of its levels.
    ['?topic=x&source=serial', 'default', { source: 'serial', topic: 'x', mqttQos: null, device: 'serial:x', ...raw }],
  ];
  for (const [query, rule, message] of rows) {
    const { rules, explain } = (await asked(query)).json();
    assert.equal(rules.length, 3);
    assert.deepEqual([explain.rule, explain.message], [rule, message], query);
    assert.ok(explain.because.length > 5 && explain.handling.priority.length > 0);
  }
});

test('what can not be a message is a problem', async () => {
  for (const query of [
    '?topic=',
    '?topic=%23',
    '?topic=a%00',
    '?payload=1',
    '?topic=a&mqttQos=3',
    '?topic=a&topic=b',
    '?topic=a&qos=1',
    `?topic=${'a'.repeat(65_536)}`,
  ]) {
    const response = await asked(query);
    assert.equal(response.statusCode, 400, query.slice(0, 40));
    assert.equal(response.json().code, 'request.invalid');
    assert.ok(response.json().detail.length < 200);
  }
});
