import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLines } from '../../src/dashboard/live/event-lines.ts';
import { newestOf } from '../../src/dashboard/live/newest.ts';
import type { LiveEvent } from '../../src/dashboard/live/protocol.ts';
import { firstWay, type Ways, wayAfter } from '../../src/dashboard/live/ways.ts';
import { filterFor, queryOf } from '../../src/dashboard/live/wishes.ts';

test('another way is taken when one fails twice, and the best one is tried again later', () => {
  const once = wayAfter(firstWay, 0, undefined, true);
  assert.deepEqual([once.way, once.failures], ['events', 1]);
  const socket = wayAfter(once, 1_000, 500, true);
  assert.equal(socket.way, 'socket');
  assert.equal(wayAfter(firstWay, 0, undefined, true, true).way, 'socket');
  const polling = wayAfter(wayAfter(socket, 2_000, undefined, true), 3_000, undefined, true);
  assert.equal(polling.way, 'polling');
  assert.equal(wayAfter(polling, 4_000, undefined, true).way, 'polling');
  assert.equal(wayAfter(polling, 301_000, 60_000, true).way, 'events');
  // What lived long did not fail, and where nobody answers no other way helps.
  const kept: Ways[] = [wayAfter(once, 0, 20_000, true), wayAfter(once, 0, undefined, false)];
  assert.deepEqual(
    kept.map(({ way }) => way),
    ['events', 'events'],
  );
});

test('one filter for all that pages want', () => {
  assert.equal(filterFor([]), undefined);
  assert.deepEqual(filterFor([{ kinds: ['status'] }, { kinds: ['device', 'status'] }]), {
    kinds: ['device', 'status'],
  });
  assert.deepEqual(
    filterFor([
      { kinds: ['measurement'], devices: ['b'] },
      { kinds: ['measurement'], devices: ['a'] },
    ]),
    {
      kinds: ['measurement'],
      devices: ['a', 'b'],
    },
  );
  // Whoever wants every device wants every device.
  assert.deepEqual(filterFor([{ kinds: ['status', 'measurement'] }, { kinds: ['device'], devices: ['a'] }]), {
    kinds: ['device', 'measurement', 'status'],
  });
  assert.deepEqual(filterFor([{}, { kinds: ['status'] }]), {});
  assert.equal(
    String(queryOf({ kinds: ['status'], devices: ['a&b', 'c,d'] })),
    'kinds=status&devices=a%26b&devices=c%2Cd',
  );
});

test('a stream is taken apart, whatever pieces it comes in', () => {
  const text =
    ': heartbeat\r\nretry: 2000\nid: e-1\nevent: ready\ndata: {"a":1}\r\n\r\ndata: x\ndata:y\n\nevent: none\n\n';
  for (let size = 1; size < text.length; size++) {
    const lines = new EventLines();
    const found = [];
    for (let at = 0; at < text.length; at += size) found.push(...lines.push(text.slice(at, at + size)));
    assert.deepEqual(
      found.map(({ event, data, retryMs }) => [event, data, retryMs]),
      [
        ['ready', '{"a":1}', 2_000],
        ['message', 'x\ny', undefined],
      ],
      String(size),
    );
  }
});

test('of too many events the newest of each topic stay, and all that lasts', () => {
  const event = (kind: LiveEvent['event'], deviceId: string, cursor: string): LiveEvent => ({
    ...{ event: kind, deviceId, cursor, topic: deviceId },
  });
  const all = [
    event('measurement', 'a', '1'),
    event('alarm', 'a', '2'),
    event('measurement', 'b', '3'),
    event('measurement', 'a', '4'),
  ];
  assert.deepEqual(
    newestOf(all).map(({ cursor }) => cursor),
    ['2', '3', '4'],
  );
});
