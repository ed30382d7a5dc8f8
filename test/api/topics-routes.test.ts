import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HttpApi } from '../../src/api/http-api.ts';
import type { TopicsApi } from '../../src/api/topics-routes.ts';
import type { TopicState, TopicSummary } from '../../src/registry/topics/describe.ts';
import { dependencies } from './fixtures.ts';

const at = '2026-11-25T00:00:00.000Z';
function summary(template: string, state: TopicState, messagesPerMinute: number): TopicSummary {
  return {
    ...{ template, state, messagesPerMinute, profile: null, suggestions: [], decision: null, messages: 1 },
    ...{ topics: 1, devices: 1, examples: [template.replaceAll('+', 'Kitchen')], firstSeen: at, lastSeen: at },
    lastPayload: { text: '1', isHex: false, bytes: 1, topic: template },
  };
}

const all = [
  summary('ignored/x', 'ignored', 100),
  summary('auto/+', 'automatic', 50),
  summary('slow', 'unknown', 0.1),
  summary('fast', 'unknown', 60),
  summary('guess', 'suggested', 6),
];

async function apiWith(topics: Partial<TopicsApi>) {
  const calls: unknown[][] = [];
  const note =
    (name: string): TopicsApi['adopt'] =>
    async (...args) => {
      calls.push([name, ...args]);
      return {
        ...{ kind: 'done', template: args[0].template, says: 'Done.', topics: 1, devices: 1 },
        example: {
          ...{ topic: 'a', payload: '1', isHex: false },
          decoded: {
            ...{ kind: 'measurement', deviceId: 'd', keepPayload: false },
            measurements: [{ deviceId: 'd', timeMs: 0, fields: [{ name: 'n', value: 2n ** 60n, unit: 'W' }] }],
          },
        },
      };
    };
  const api: TopicsApi = {
    summaries: () => all,
    adopt: note('adopt'),
    ignore: note('ignore') as TopicsApi['ignore'],
    reset: note('reset') as TopicsApi['reset'],
    ...topics,
  };
  const app = await new HttpApi(dependencies({}, { topics: api })).build();
  const post = (path: string, payload: object, headers = {}) =>
    app.inject({ method: 'POST', url: `/api/v1/topics/${path}`, payload, headers: { host: 'localhost', ...headers } });
  return { app, post, calls };
}

test('topics come page by page, what people have to look at first', async () => {
  const { app } = await apiWith({});
  const seen: string[] = [];
  let after = '';
  for (let page = 0; page < 5; page++) {
    const found = (await app.inject(`/api/v1/topics?limit=2${after}`)).json();
    assert.equal(found.total, 5);
    seen.push(...found.topics.map(({ template }: TopicSummary) => template));
    if (found.next === null) break;
    after = `&after=${found.next}`;
  }
  assert.deepEqual(seen, ['fast', 'guess', 'slow', 'auto/+', 'ignored/x']);
  const templates = async (query: string) =>
    (await app.inject(`/api/v1/topics?${query}`)).json().topics.map(({ template }: TopicSummary) => template);
  assert.deepEqual(await templates('state=unknown'), ['fast', 'slow']);
  assert.deepEqual(await templates('state=automatic,ignored'), ['auto/+', 'ignored/x']);
  assert.deepEqual(await templates('text=kitchen'), ['auto/+']);
});

test('what can not be asked for says why', async () => {
  const { app, post } = await apiWith({});
  for (const [query, text] of [
    ['stat=x', 'There is no parameter `stat`; there are state, text, limit, after.'],
    ['state=x', '`state` must be of unknown, suggested, automatic, adopted, ignored.'],
    ['limit=0', '`limit` must be from 1 to 1000.'],
    ['after=zzz', '`after` must be `next` of the page before.'],
    ['text=a&text=b', '`text` must be given once.'],
  ]) {
    const answer = await app.inject(`/api/v1/topics?${query}`);
    assert.deepEqual([answer.statusCode, answer.json().detail], [400, text]);
  }
  for (const [path, body, text] of [
    ['adopt', { template: 'a' }, '`profile` must name one, such as `tasmota/tasmota`.'],
    ['adopt', { template: 'a', topic: 'a', profile: 'x' }, 'Give `template`, or `topic` for one topic alone.'],
    ['adopt', { topic: 'a/+', profile: 'x' }, '`topic` is one topic, without + and #; `template` may have them.'],
    ['adopt', { template: 7, profile: 'x' }, '`template` must be a text that is not empty.'],
    ['ignore', { template: 'a', profile: 'x' }, 'There is no `profile`; there are template, topic.'],
    ['ignore?dryRun=1', { template: 'a' }, '`dryRun` must be true or false.'],
    ['reset?dry=true', { template: 'a' }, 'There is no parameter `dry`; there is dryRun.'],
  ] as const) {
    const answer = await post(path, body);
    assert.deepEqual([answer.statusCode, answer.json().detail], [400, text]);
  }
});

test('people adopt, ignore and reset, or ask what would be; only from this machine', async () => {
  const { post, calls } = await apiWith({});
  const answer = await post('adopt?dryRun=true', { template: 'a/+', profile: 'x/y', device: 'a/{device}' });
  assert.equal(answer.statusCode, 200);
  assert.match(answer.body, /"value":1152921504606846976/);
  assert.deepEqual([answer.json().isTrial, answer.json().says], [true, 'Done.']);
  await post('ignore', { topic: 'b' });
  await post('reset', { template: 'c/#' });
  assert.deepEqual(calls, [
    ['adopt', { template: 'a/+', isTrial: true }, 'x/y', 'a/{device}'],
    ['ignore', { template: 'b', isTrial: false }],
    ['reset', { template: 'c/#', isTrial: false }],
  ]);
  for (const path of ['adopt', 'ignore', 'reset']) {
    const refused = await post(path, { template: 'a', profile: 'x' }, { origin: 'https://elsewhere.example' });
    assert.equal(refused.statusCode, 401);
  }
  assert.equal(calls.length, 3);
  const { post: unlucky } = await apiWith({
    adopt: async () => ({ kind: 'refused', status: 404, detail: 'There is no such profile.' }),
  });
  assert.deepEqual(
    (await unlucky('adopt', { template: 'a', profile: 'x' })).json().detail,
    'There is no such profile.',
  );
});
