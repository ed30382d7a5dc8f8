import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { HttpApi } from '../../src/api/http-api.ts';
import type { TopicsApi } from '../../src/api/topics-routes.ts';
import { main } from '../../src/cli/main.ts';
import type { TopicSummary } from '../../src/registry/topics/describe.ts';
import { dependencies } from '../api/fixtures.ts';

const at = '2026-11-25T00:00:00.000Z';
const suggestion = { profile: 'a/b', title: 'AB', confidence: 0.82, reason: 'it has a t' };
const row = (template: string, rest: Partial<TopicSummary>): TopicSummary => ({
  ...{
    template,
    state: 'unknown',
    profile: null,
    suggestions: [],
    decision: null,
    messages: 3,
    messagesPerMinute: 1.5,
  },
  ...{ topics: 1, devices: 2, examples: [template], firstSeen: at, lastSeen: at },
  lastPayload: { text: '{"t":\n 1}', isHex: false, bytes: 9, topic: template },
  ...rest,
});

async function gateway(
  t: TestContext,
  summaries: readonly TopicSummary[],
  kind: 'measurement' | 'failed' = 'measurement',
) {
  const calls: unknown[][] = [];
  const note =
    (name: string): TopicsApi['adopt'] =>
    async (...args) => {
      calls.push([name, ...args]);
      const decoded = {
        ...{ kind, deviceId: 'a:1', keepPayload: false, ...(kind === 'failed' && { failure: 'it is no JSON' }) },
        measurements: [{ deviceId: 'a:1', fields: [{ name: 't', value: 2n ** 60n, unit: 'Cel' }] }],
      } as const;
      const example = name === 'adopt' ? { topic: 'x/1', payload: '{"t":1}', isHex: false, decoded } : null;
      return {
        kind: 'done',
        template: args[0].template,
        says: `${name} is done.`,
        topics: 1,
        devices: 1,
        example,
      } as never;
    };
  const topics = { summaries: () => summaries, adopt: note('adopt'), ignore: note('ignore'), reset: note('reset') };
  const api = new HttpApi(dependencies({}, { topics: topics as TopicsApi }));
  await api.start();
  t.after(() => api.stop());
  const headgate = async (...args: string[]) => {
    const out: string[] = [];
    const err: string[] = [];
    const terminal = { out: (text: string) => out.push(text), err: (text: string) => err.push(text), environment: {} };
    const code = await main([...args, '--url', `http://${api.address}`], terminal);
    return { code, out: out.join('\n'), err: err.join('\n') };
  };
  return { headgate, calls };
}

test('a table of topics, and why something is suggested', async (t) => {
  const problem = 'There is no profile x/y any more: what these topics are is recognised.';
  const { headgate } = await gateway(t, [
    row('x/+', { state: 'suggested', suggestions: [suggestion], messagesPerMinute: 60 }),
    row('b\u001b[2J', { lastPayload: { text: '00ff', isHex: true, bytes: 2, topic: 'b' } }),
    row('tele/+/SENSOR', { state: 'automatic', profile: 'tasmota/tasmota' }),
    row('old', { state: 'unknown', decision: { template: 'old', profile: 'x/y', problem }, messagesPerMinute: 0.1 }),
  ]);
  const { out, code } = await headgate('topics');
  assert.equal(code, 0);
  assert.deepEqual(out.split('\n'), [
    'TEMPLATE       STATE      PROFILE          PER MINUTE  DEVICES  LAST PAYLOAD',
    'x/+            suggested  a/b? 82 %        60          2        {"t": 1}',
    'b\ufffd[2J          unknown    -                1.5         2        0x00ff',
    'old            unknown    -                0.1         2        {"t": 1}',
    'tele/+/SENSOR  automatic  tasmota/tasmota  1.5         2        {"t": 1}',
    '',
    'x/+: this looks like AB: it has a t.',
    `old: ${problem}`,
  ]);
  assert.equal(JSON.parse((await headgate('topics', '--json', '--state', 'automatic')).out).topics.length, 1);
  const wrong = await headgate('topics', '--state', 'x');
  assert.deepEqual([wrong.code, /must be of unknown/.test(wrong.err)], [1, true]);
});

test('adopt and ignore say what they mean, and show what a message is then', async (t) => {
  const { headgate, calls } = await gateway(t, []);
  assert.equal((await headgate('topics')).out, 'No topic.');
  const adopted = await headgate('adopt', 'x/+', 'a/b', '--device', 'x/{device}', '--dry-run');
  assert.deepEqual(adopted.out.split('\n'), [
    'adopt is done.',
    '',
    'x/1  {"t":1}',
    'DEVICE  FIELD  VALUE                UNIT',
    'a:1     t      1152921504606846976  Cel',
  ]);
  assert.equal((await headgate('ignore', 'y/#')).out, 'ignore is done.');
  await headgate('ignore', 'y/#', '--undo');
  await headgate('adopt', 'x/+', '--undo');
  assert.deepEqual(calls, [
    ['adopt', { template: 'x/+', isTrial: true }, 'a/b', 'x/{device}'],
    ['ignore', { template: 'y/#', isTrial: false }],
    ['reset', { template: 'y/#', isTrial: false }],
    ['reset', { template: 'x/+', isTrial: false }],
  ]);
});

test('a message that the profile can not read is told, and wrong usage too', async (t) => {
  const { headgate } = await gateway(t, [], 'failed');
  assert.match((await headgate('adopt', 'x', 'a/b')).out, /can not be read by it: it is no JSON\.$/);
  for (const args of [
    ['adopt'],
    ['adopt', 'x'],
    ['adopt', 'x', 'a/b', '--undo'],
    ['adopt', 'x', 'a', 'b'],
    ['ignore'],
    ['ignore', 'a', 'b'],
  ]) {
    assert.equal((await headgate(...args)).code, 2, args.join(' '));
  }
});
