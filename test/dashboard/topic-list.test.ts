import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  alikeIn,
  isCut,
  listOf,
  namingOf,
  payloadKind,
  type Topic,
  withAnswer,
  withChange,
  withMore,
} from '../../src/dashboard/pages/discover/topic-list.ts';

function topic(template: string, some: Partial<Topic> = {}): Topic {
  return {
    ...{ template, state: 'unknown', profile: null, suggestions: [], decision: null, messages: 1 },
    ...{ messagesPerMinute: 1, topics: 1, devices: 1, examples: [], lastSeen: '2026-01-01T00:00:00.000Z' },
    firstSeen: '2026-01-01T00:00:00.000Z',
    lastPayload: { topic: template, text: '1', isHex: false, bytes: 1 },
    ...some,
  };
}

const answer = (topics: Topic[], total = topics.length) => ({ topics, next: null, total });
const names = ({ rows }: { readonly rows: readonly Topic[] }) => rows.map(({ template }) => template);

test('rows stay where they are, whatever is asked for in whatever order', () => {
  const first = listOf(answer([topic('a'), topic('b'), topic('c')]));
  const later = withAnswer(first, answer([topic('new'), topic('c', { messages: 9 }), topic('a')]));
  assert.deepEqual(names(later), ['a', 'b', 'c']);
  assert.equal(later.rows[2]?.messages, 9);
  assert.equal(later.fresh, 1);
});

test('what only comes forward from a further page is not new', () => {
  const first = listOf(answer([topic('a'), topic('b')], 5));
  assert.equal(first.further, 3);
  assert.equal(withAnswer(first, answer([topic('a'), topic('older')], 5)).fresh, 0);
  const new1 = topic('new', { firstSeen: '2026-01-02T00:00:00.000Z' });
  assert.equal(withAnswer(first, answer([new1, topic('a')], 6)).fresh, 1);
  assert.deepEqual(names(withMore(first, answer([topic('c'), topic('b'), topic('a')]))), ['a', 'b', 'c']);
});

test('what is alike has the same likeliest profile, and waits for a decision', () => {
  const guess = (profile: string) => [{ profile, title: null, confidence: 0.8, reason: '' }];
  const own = topic('own');
  const rows = [
    own,
    topic('same', { state: 'suggested', suggestions: guess('x/y') }),
    topic('other', { state: 'suggested', suggestions: guess('x/z') }),
    topic('decided', { state: 'adopted', suggestions: guess('x/y') }),
  ];
  assert.deepEqual(alikeIn(rows, own, 'x/y'), ['own', 'same']);
});

test('a change is of the rows that it names', () => {
  const changed = withChange(listOf(answer([topic('a'), topic('b')])), ['b'], () => ({ state: 'ignored' }));
  assert.deepEqual(
    changed.rows.map(({ state }) => state),
    ['unknown', 'ignored'],
  );
});

for (const [text, kind] of [
  ['', 'nothing'],
  [' {"a":1', 'JSON'],
  ['[1]', 'JSON'],
  ['-21.5e3', 'number'],
  ['.5', 'number'],
  ['ON', 'boolean'],
  ['online', 'boolean'],
  ['weather,city=x temp=1 1465839830100400200', 'lines'],
  ['hello a=b', 'lines'],
  ['hello world', 'text'],
  ['1.2.3', 'text'],
] as const) {
  test(`${JSON.stringify(text)} looks like ${kind}`, () => assert.equal(payloadKind({ text, isHex: false }), kind));
}

test('a payload is cut when it has more bytes than are shown', () => {
  const one = { topic: 'a', text: 'ä', isHex: false, bytes: 2 };
  assert.equal(isCut(one), false);
  assert.equal(isCut({ ...one, bytes: 3 }), true);
  assert.equal(isCut({ ...one, text: '00ff', isHex: true }), false);
});

test('each level of a topic may name its device', () => {
  assert.deepEqual(namingOf('home/+/x/#', 'home/attic/x/y/z'), [
    { pattern: '{device}/+/x/#', label: 'home' },
    { pattern: 'home/{device}/x/#', label: 'attic' },
    { pattern: 'home/+/{device}/#', label: 'x' },
  ]);
  assert.deepEqual(namingOf('/a', ''), [{ pattern: '/{device}', label: 'a' }]);
});
