import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpenStreams } from '../../src/collector/open-streams.ts';

const on = (gateway: string, epoch = 'e') => ({ peer: { gateway, epoch } });

test('streams are found by the gateway that speaks on them, until they are gone', () => {
  const streams = new OpenStreams();
  const silent = { peer: undefined };
  const [first, second, other, older] = [on('a'), on('a'), on('b'), on('a', 'older')];
  for (const stream of [silent, first, second, other, older]) streams.opened(stream);
  assert.deepEqual(streams.of('a'), []);
  assert.deepEqual(streams.greeted(first, first.peer), []);
  assert.deepEqual(streams.greeted(older, older.peer), [], 'another epoch is not in its place');
  assert.deepEqual(streams.greeted(other, other.peer), []);
  assert.deepEqual(streams.greeted(second, second.peer), [first]);
  assert.deepEqual([streams.of('a'), streams.of('b')], [[first, older, second], [other]]);
  streams.gone(first);
  streams.gone(silent);
  assert.deepEqual([...streams], [second, other, older]);
  assert.deepEqual(streams.of('a'), [older, second]);
  assert.deepEqual(streams.peers, [older.peer, second.peer, other.peer]);
  for (const stream of [second, older, other]) streams.gone(stream);
  assert.deepEqual([streams.peers, streams.of('a'), streams.mostGateways], [[], [], 2]);
});
