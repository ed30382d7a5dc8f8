import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { topicFilterFault, topicMatches } from '../../src/lib/topic-filter.ts';

// MQTT 5.0 § 4.7, with its own examples.
const rows: readonly (readonly [filter: string, topic: string, matches: boolean])[] = [
  ['sport/tennis/player1/#', 'sport/tennis/player1', true],
  ['sport/tennis/player1/#', 'sport/tennis/player1/ranking', true],
  ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
  ['sport/tennis/player1/#', 'sport/tennis/player10', false],
  ['sport/#', 'sport', true],
  ['sport/#', 'sports', false],
  ['#', 'a/b/c', true],
  ['#', '/', true],
  ['sport/tennis/+', 'sport/tennis/player1', true],
  ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
  ['sport/+', 'sport', false],
  ['sport/+', 'sport/', true],
  ['sport/', 'sport', false],
  ['sport', 'sport/', false],
  ['+/+', '/finance', true],
  ['/+', '/finance', true],
  ['+', '/finance', false],
  ['+/+/#', 'a/b', true],
  ['+/+/#', 'a', false],
  ['a//+', 'a//b', true],
  ['a//b', 'a/b', false],
  ['#', '$SYS/uptime', false],
  ['+/monitor/Clients', '$SYS/monitor/Clients', false],
  ['$SYS/#', '$SYS/uptime', true],
  ['$SYS/monitor/+', '$SYS/monitor/Clients', true],
  ['a/#', 'a/$b', true],
  ['a/+', 'a/$b', true],
  ['a/b', 'a/b', true],
  ['a/b', 'a/B', false],
  ['a/b', 'a/bc', false],
  ['ä/+/°C', 'ä/ö/°C', true],
];

test('filters match topics as MQTT says', () => {
  for (const [filter, topic, matches] of rows)
    assert.equal(topicMatches(filter, topic), matches, `${filter} ~ ${topic}`);
});

/** The same said level by level. */
function matchesByLevels(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
  const match = ([level, ...levels]: string[], [name, ...names]: string[]): boolean => {
    if (level === '#') return true;
    if (level === undefined || name === undefined) return level === name;
    return (level === '+' || level === name) && match(levels, names);
  };
  return match(filter.split('/'), topic.split('/'));
}

test('for any filter and topic it is what a comparison level by level says', () => {
  const level = fc.constantFrom('', 'a', 'b', 'ab', '$a');
  const topics = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
  const filters = fc
    .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([levels, isOpen]) => [...levels, ...(isOpen ? ['#'] : [])].join('/'));
  fc.assert(
    fc.property(filters, topics, (filter, topic) => {
      assert.equal(
        topicFilterFault(filter),
        filter === '' ? 'but a topic filter has at least one character' : undefined,
      );
      assert.equal(topicMatches(filter, topic), matchesByLevels(filter, topic));
    }),
    { numRuns: 1000 },
  );
});

test('a filter that MQTT does not allow is told', () => {
  const faults: readonly (readonly [filter: string, fault: RegExp])[] = [
    ['', /at least one character/],
    ['a\0b', /NUL/],
    ['sport/tennis#', /must each fill a level/],
    ['sport+', /must each fill a level/],
    ['sport/tennis/#/ranking', /only be the last level/],
    ['#/', /only be the last level/],
    ['##', /must each fill a level/],
  ];
  for (const [filter, fault] of faults) assert.match(topicFilterFault(filter) ?? '', fault, filter);
  for (const [filter] of rows) assert.equal(topicFilterFault(filter), undefined, filter);
});
