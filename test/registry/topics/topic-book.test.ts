import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Decoded } from '../../../src/core/decoded.ts';
import { topicMatches } from '../../../src/lib/topic-filter.ts';
import type { TopicFinding, TopicMeter } from '../../../src/profiles/topics.ts';
import { Rate } from '../../../src/registry/topics/rate.ts';
import { TopicBook } from '../../../src/registry/topics/topic-book.ts';
import { maxPayload, type TopicRow } from '../../../src/registry/topics/topic-row.ts';

const unknown: TopicFinding = { template: undefined, profile: undefined, isByPeople: false, suggestions: [] };
const by = (template: string, profile = 'a/b'): TopicFinding => ({ ...unknown, template, profile });

function site(max?: number) {
  const time = { now: 0 };
  const book = new TopicBook(() => time.now, max);
  const meters = new Map<string, TopicMeter>();
  const give = (topic: string, payload: string | Uint8Array = '1', found = unknown, deviceId = topic) => {
    let meter = meters.get(topic);
    if (meter === undefined) {
      meter = book.meterOf(topic, found, undefined);
      meters.set(topic, meter);
    }
    const decoded: Decoded = { kind: 'raw', deviceId, measurements: [{ deviceId, fields: [] }], keepPayload: true };
    meter.heard({ source: 'mqtt', topic, payload: Buffer.from(payload) }, decoded, time.now);
  };
  const templates = () => [...book.rows].map(({ template, count }) => `${template} ${count}`).sort();
  return { time, book, give, templates };
}

test('topics are counted by template, with examples, devices, and the beginning of a payload', () => {
  const { time, book, give } = site();
  time.now = 5_000;
  give('tele/a/SENSOR', 'first', by('tele/+/SENSOR'), 't:a');
  time.now = 5_500;
  give('tele/b/SENSOR', 'second', by('tele/+/SENSOR'), 't:b');
  // So soon after it nobody looks at it, as the topic is known.
  give('tele/a/SENSOR', 'third', by('tele/+/SENSOR'), 't:a');
  assert.equal(Buffer.from(book.row('tele/+/SENSOR')!.payload).toString(), 'second');
  time.now = 6_600;
  give('tele/b/SENSOR', new Uint8Array(5_000).fill(65), by('tele/+/SENSOR'), 't:b');
  const row = book.row('tele/+/SENSOR')!;
  assert.deepEqual([row.count, row.topics.count, row.devices.count], [4, 2, 2]);
  assert.deepEqual(row.examples, ['tele/a/SENSOR', 'tele/b/SENSOR']);
  assert.deepEqual([row.firstSeenMs, row.lastSeenMs], [5_000, 6_600]);
  assert.deepEqual([row.payload.length, row.payloadBytes, row.payloadTopic], [maxPayload, 5_000, 'tele/b/SENSOR']);
});

test('a topic of a few that turns out to be of a profile leaves the others', () => {
  const { book, give, templates } = site();
  give('a/1/x');
  give('a/2/x');
  book.meterOf('a/1/x', by('+/1/x'), book.row('a/+/x'));
  assert.deepEqual(templates(), ['+/1/x 0', 'a/+/x 2']);
});

test("what is kept of a payload is a copy: the memory is its source's", () => {
  const { book } = site();
  const payload = Buffer.from('before');
  const meter = book.meterOf('a', unknown, undefined);
  const decoded: Decoded = {
    kind: 'raw',
    deviceId: 'a',
    measurements: [{ deviceId: 'a', fields: [] }],
    keepPayload: true,
  };
  meter.heard({ source: 'mqtt', topic: 'a', payload }, decoded, 1);
  payload.fill(0);
  assert.equal(Buffer.from(book.row('a')!.payload).toString(), 'before');
});

test('what varies is learnt, and counts go on under the new template', () => {
  const { give, templates } = site();
  for (let room = 0; room < 12; room++) {
    for (let i = 0; i < 3; i++) give(`home/room${'abcdefghijkl'[room]}/t`);
  }
  assert.deepEqual(templates(), ['home/+/t 36']);
});

test('a topic that turns out to be of a profile leaves no row behind', () => {
  const { book } = site();
  const before = book.meterOf('x/y', unknown, undefined);
  const after = book.meterOf('x/y', by('+/y'), before);
  assert.deepEqual(
    [...book.rows].map(({ template }) => template),
    ['+/y'],
  );
  assert.notEqual(before, after);
});

test('what people decide for gathers what it covers, and nothing else', () => {
  const { book, give, templates } = site();
  for (const topic of ['s/a/t', 's/b/t', 's/a/h', 's/a/t/x']) give(topic);
  give('s/q/r', '1', by('s/#'));
  book.gather('s/+/t', 'a/b');
  assert.deepEqual(templates(), ['s/# 1', 's/+/t 2', 's/a/h 1', 's/a/t/x 1']);
  give('s/a/t');
  assert.deepEqual(templates()[1], 's/+/t 3');
  book.drop('s/+/t');
  assert.equal(book.row('s/+/t'), undefined);
});

test('there are so many templates at the most: known ones that are silent go first, and come back with their count', () => {
  const { time, book, give, templates } = site(20);
  for (let i = 0; i < 10; i++) {
    time.now += 1_000;
    give(`known/k${'abcdefghij'[i]}`, '1', by(`known/k${'abcdefghij'[i]}`));
  }
  for (let i = 0; i < 10; i++) {
    time.now += 1_000;
    give(`$unknown${i}/x`);
  }
  assert.deepEqual([book.size, book.forgotten], [20, 0]);
  give('$one/more');
  assert.deepEqual([book.size, book.forgotten], [20, 1]);
  assert.equal(book.row('known/ka'), undefined);
  // It is still known to whoever decodes the topic.
  give('known/ka');
  assert.equal(book.row('known/ka')?.count, 2);
  assert.equal(book.row('known/kb'), undefined);
  assert.ok(templates().includes('known/ka 2'));
});

test('a million topics that nobody knows take bounded memory', () => {
  // The same in small: each first level is a new word of its own, and none of them is an id.
  const { book, give } = site(50);
  const word = (n: number) => n.toString(26).replace(/\d/g, (digit) => 'qrstuvwxyz'[Number(digit)]!);
  for (let i = 0; i < 20_000; i++) give(`${word(i)}/${word(i * 7)}/${word(i * 13)}`);
  for (let i = 0; i < 20_000; i++) give(`$${word(i)}/${word(i)}`);
  assert.ok(book.size <= 50, `${book.size}`);
  assert.ok(book.forgotten > 19_000, `${book.forgotten}`);
  let counted = 0;
  for (const row of book.rows) {
    counted += row.count;
    for (const example of row.examples) assert.ok(topicMatches(row.template, example), `${row.template} ${example}`);
    assert.ok(row.topics.count <= 200 && row.examples.length <= 3);
  }
  assert.ok(counted >= book.size);
});

test('a topic of any length is shown cut', () => {
  const { book, give } = site();
  give(`a/${'x'.repeat(60_000)}`);
  const [row] = [...book.rows] as [TopicRow];
  assert.equal(row.template, 'a/+');
  assert.equal(row.examples[0]?.length, 501);
  assert.equal(row.payloadTopic, '');
});

test('the rate is that of the last minutes', () => {
  const rate = new Rate(0);
  for (let second = 1; second <= 3_600; second++) rate.add(1, second * 1_000);
  assert.ok(Math.abs(rate.perMinute(0, 3_600_000) - 60) < 1);
  assert.ok(rate.perMinute(0, 3_600_000 + 3_600_000) < 1);
  const rare = new Rate(0);
  // In its first minute it is what came in it.
  assert.ok(Math.abs(rare.perMinute(3, 1_000) - 3) < 0.2);
});
