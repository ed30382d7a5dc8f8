import assert from 'node:assert/strict';
import { test } from 'node:test';
import { topicMatches } from '../../src/lib/topic-filter.ts';

// MQTT 5.0 § 4.7, with its own examples.
const rows: readonly (readonly [filter: string, topic: string, matches: boolean])[] = [
  ['sport/tennis/player1/#', 'sport/tennis/player1', true],
  ['sport/tennis/player1/#', 'sport/tennis/player1/ranking', true],
  ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
  ['sport/#', 'sport', true],
  ['#', 'a/b/c', true],
  ['sport/tennis/+', 'sport/tennis/player1', true],
  ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
  ['sport/+', 'sport', false],
  ['sport/+', 'sport/', true],
  ['+/+', '/finance', true],
  ['/+', '/finance', true],
  ['+', '/finance', false],
  ['#', '$SYS/uptime', false],
  ['+/monitor/Clients', '$SYS/monitor/Clients', false],
  ['$SYS/#', '$SYS/uptime', true],
  ['a/b', 'a/b', true],
  ['a/b', 'a/B', false],
];

test('filters match topics as MQTT says', () => {
  for (const [filter, topic, matches] of rows)
    assert.equal(topicMatches(filter, topic), matches, `${filter} ~ ${topic}`);
});
