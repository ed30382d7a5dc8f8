import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '../../../src/lib/log.ts';
import { topicMatches } from '../../../src/lib/topic-filter.ts';
import { overlap } from '../../../src/pipeline/topics/filters.ts';
import { TopicDesk } from '../../../src/pipeline/topics/topic-desk.ts';
import { ProfileDecoder } from '../../../src/profiles/decoder.ts';
import { compiledIn, loadLibrary } from '../../../src/profiles/library.ts';
import { Bindings, maxBindings } from '../../../src/registry/topics/bindings.ts';
import { TopicBook } from '../../../src/registry/topics/topic-book.ts';
import { memoryShelf } from '../../support/memory-shelf.ts';

const library = loadLibrary();
const options = { deviceTopics: [], maxDepth: 8, maxFields: 200, maxBytes: 1_048_576 };
const at = Date.UTC(2026, 10, 25);
const sensor = '{"Time":"2026-11-25T00:00:00","SI7021":{"Temperature":20.5},"TempUnit":"C"}';

function site() {
  const bindings = new Bindings({
    shelf: memoryShelf(),
    hasProfile: (name) => library.profiles.has(name),
    deviceBy: () => (topic) => topic.split('/')[1],
    log: silentLog,
  });
  const profiles = compiledIn(library);
  const book = new TopicBook(() => 0);
  const decoder = new ProfileDecoder({ options, profiles, bindingOf: bindings.bindingOf, topics: book });
  const newDecoder = () => new ProfileDecoder({ options, profiles });
  const desk = new TopicDesk({ book, bindings, decoder, library: () => library, newDecoder, now: () => at });
  const give = (topic: string, payload: string) =>
    decoder.decode({ source: 'mqtt', topic, payload: Buffer.from(payload) }, at);
  const states = () =>
    desk.summaries().map(({ template, state, profile }) => `${template} ${state} ${profile ?? ''}`.trim());
  const wish = (template: string, isTrial = false) => ({ template, isTrial });
  return { desk, give, states, wish, bindings, decoder };
}

async function says(outcome: ReturnType<TopicDesk['ignore']>): Promise<string> {
  const found = await outcome;
  return found.kind === 'done' ? found.says : `${found.status} ${found.detail}`;
}

test('an unknown topic is adopted: its messages are of the profile from then on, under one device', async () => {
  const { desk, give, states, wish } = site();
  give('plant/a/report', sensor);
  give('plant/b/report', sensor);
  give('tele/c/SENSOR', sensor);
  assert.deepEqual(
    states().filter((one) => one.startsWith('tele')),
    ['tele/+/SENSOR automatic tasmota/tasmota'],
  );
  const [before] = desk.summaries().filter(({ template }) => template === 'plant/a/report');
  assert.ok(before?.state === 'unknown' || before?.state === 'suggested');
  const trial = await desk.adopt(wish('plant/+/report', true), 'tasmota/tasmota', 'plant/{device}/report');
  assert.ok(trial.kind === 'done');
  assert.equal(trial.says, '2 topics of 2 devices are decoded by tasmota/tasmota then.');
  assert.equal(trial.example?.decoded.deviceId, 'tasmota:a');
  assert.deepEqual(trial.example?.decoded.measurements[0].fields, [
    { name: 'SI7021.Temperature', value: 20.5, unit: 'Cel' },
  ]);
  assert.equal(give('plant/a/report', sensor).profile, undefined);
  const done = await desk.adopt(wish('plant/+/report'), 'tasmota/tasmota', 'plant/{device}/report');
  assert.equal(await says(Promise.resolve(done)), '2 topics of 2 devices are decoded by tasmota/tasmota from now on.');
  const decoded = give('plant/a/report', sensor);
  assert.deepEqual([decoded.profile?.name, decoded.deviceId], ['tasmota/tasmota', 'tasmota:a']);
  assert.ok(states().includes('plant/+/report adopted tasmota/tasmota'));
  give('plant/b/report', sensor);
  assert.equal(
    await says(desk.reset(wish('plant/+/report'))),
    '2 topics of 2 devices are recognised anew with the next message.',
  );
  assert.equal(give('plant/a/report', sensor).profile, undefined);
});

test('what is ignored is decoded by the general rules, and nothing is suggested', async () => {
  const { desk, give, states, wish } = site();
  give('tele/c/SENSOR', sensor);
  assert.equal(
    await says(desk.ignore(wish('tele/c/SENSOR'))),
    '1 topic of 1 device is decoded by the general rules from now on, and nothing is suggested for it.',
  );
  const decoded = give('tele/c/SENSOR', sensor);
  assert.deepEqual([decoded.profile, decoded.kind], [undefined, 'measurement']);
  assert.ok(states().includes('tele/c/SENSOR ignored'));
  await desk.reset(wish('tele/c/SENSOR'));
  assert.equal(give('tele/c/SENSOR', sensor).profile?.name, 'tasmota/tasmota');
});

test('a guess that people should look at is shown by the pattern that it is by, and what it becomes leaves no row behind', async () => {
  const { desk, give, states, wish } = site();
  give('fazole/sensor/uptime/state', '465');
  give('other/sensor/x/state', '1');
  give('single/thing', '1');
  assert.deepEqual(states().sort(), ['+/sensor/+/state suggested', 'single/thing unknown']);
  await desk.ignore(wish('unrelated'));
  // A message on another topic tells whose the first one is.
  give('fazole/debug', "[V][mqtt:474]: Publish(topic='x')");
  give('fazole/sensor/uptime/state', '466');
  await desk.adopt(wish('single/thing'), 'generic/number');
  give('single/thing', '2');
  assert.deepEqual(states().sort(), [
    '+/debug automatic esphome/node',
    '+/sensor/+/state automatic esphome/node',
    'single/thing adopted generic/number',
  ]);
});

test('a decision for a profile that is gone is told, and its topics are what they look like', async () => {
  const { desk, give, bindings } = site();
  await bindings.decide({ template: 'tele/c/SENSOR', profile: 'gone/gone', device: null, at });
  assert.equal(give('tele/c/SENSOR', sensor).profile?.name, 'tasmota/tasmota');
  const [row] = desk.summaries();
  assert.deepEqual([row?.state, row?.profile], ['automatic', 'tasmota/tasmota']);
  assert.equal(row?.decision?.problem, 'There is no profile gone/gone any more: what these topics are is recognised.');
});

test('a name that people give a topic makes no one device of those in one message', async () => {
  const { desk, give, wish } = site();
  await desk.adopt(wish('bridge/x/SENSOR'), 'tasmota/tasmota', 'mine');
  const received = give('bridge/x/SENSOR', '{"ZbReceived":{"0x1A2B":{"Device":"0x1A2B","Temperature":21}}}');
  assert.notEqual(received.deviceId, 'tasmota:mine');
  assert.equal(give('bridge/x/SENSOR', sensor).deviceId, 'tasmota:mine');
});

test('what can not be done says why', async () => {
  const { desk, wish, bindings } = site();
  const rows: readonly (readonly [string, ReturnType<TopicDesk['ignore']>])[] = [
    [
      '404 There is no profile `tasmota/tasmotta`; did you mean `tasmota/tasmota`?',
      desk.adopt(wish('a'), 'tasmota/tasmotta'),
    ],
    [
      '404 There is no profile `__proto__`: `GET /api/v1/profiles` tells which there are.',
      desk.adopt(wish('a'), '__proto__'),
    ],
    ['400 `template` is `a/#/b`, but `#` can only be the last level.', desk.adopt(wish('a/#/b'), 'tasmota/tasmota')],
    [
      '400 `template` is `a+`, but `+` and `#` must each fill a level: nothing but a slash may stand beside them.',
      desk.ignore(wish('a+')),
    ],
    [
      '400 `device` is one name, but the template is of many topics: give a pattern such as `site/{device}/state`.',
      desk.adopt(wish('a/+'), 'tasmota/tasmota', 'one'),
    ],
    ['400 `device` is a pattern without `{device}`.', desk.adopt(wish('a/+'), 'tasmota/tasmota', 'a/{x}')],
    ['404 Nothing was decided for `a`, and no topic like it has come.', desk.reset(wish('a'))],
    ['What comes on such topics is decoded by tasmota/tasmota then.', desk.adopt(wish('a', true), 'tasmota/tasmota')],
  ];
  for (const [text, outcome] of rows) assert.equal(await says(outcome), text);
  assert.equal(bindings.size, 0);
  await Promise.all(Array.from({ length: maxBindings }, (_, i) => desk.ignore(wish(`t/${i}`))));
  assert.match(await says(desk.ignore(wish('one/more'))), /^409 There are 1000 decisions already/);
  assert.match(await says(desk.ignore(wish('t/1'))), /general rules/);
});

test('a profile that is adopted for topics it does not know decodes what fits', async () => {
  const { desk, give, wish } = site();
  await desk.adopt(wish('own/+/SENSOR'), 'tasmota/tasmota');
  const decoded = give('own/a/SENSOR', sensor);
  assert.deepEqual([decoded.kind, decoded.profile?.name], ['measurement', 'tasmota/tasmota']);
  // What is neither its message nor anything is kept raw, under the profile's name.
  assert.notEqual(give('own/a/SENSOR', 'hello').kind, 'measurement');
});

test('two filters overlap when one topic can match both', () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ['a/+', '+/b', true],
    ['a/b', 'a/c', false],
    ['a/#', 'a', true],
    ['a', 'a/#', true],
    ['a/b', 'a/b/c', false],
    ['#', 'x/y', true],
    ['a/+/c', 'a/#', true],
    ['a/b', 'a', false],
  ];
  for (const [one, other, is] of rows) {
    assert.equal(overlap(one, other), is, `${one} ${other}`);
    assert.equal(overlap(other, one), is, `${other} ${one}`);
    if (!/[+#]/.test(other)) assert.equal(topicMatches(one, other), is);
  }
});
