import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { taken } from '../../live/fixtures.ts';
import { randomOf } from '../../support/random.ts';
import { within } from '../../support/wait.ts';
import { EventReader, liveSite } from './fixtures.ts';

test('a stream that is cut a hundred times, anywhere in its bytes, while events come, misses none and has none twice', async (t) => {
  const { hub, address } = await liveSite(t);
  const [host, port] = address.split(':');
  const random = randomOf(11);
  // Somebody reads all the while, so that everything is kept.
  hub.subscribe({ filter: {}, sink: { deliver: () => true, ended: () => {} } });
  let published = 0;
  const timer = setInterval(() => {
    for (let i = random.between(0, 20); i > 0; i--) hub.taken(taken(`d${random.between(0, 5)}`, ++published));
  }, 1);
  t.after(() => clearInterval(timer));
  const numbers: number[] = [];
  let cursor = `${hub.epoch}-0`;
  /** Reads so many bytes, and cuts. What is no whole event then never was one. */
  const readSome = async (bytes: number): Promise<void> => {
    const socket = connect(Number(port), host);
    const reader = new EventReader();
    let left = bytes;
    socket.write(`GET /api/v1/live HTTP/1.1\r\nHost: ${address}\r\nLast-Event-ID: ${cursor}\r\n\r\n`);
    socket.on('data', (piece: Buffer) => {
      if (left <= 0) return;
      reader.read(
        piece
          .subarray(0, left)
          .toString('latin1')
          .replace(/^HTTP[\s\S]*?\r\n\r\n/, ''),
      );
      left -= piece.length;
      if (left <= 0) socket.destroy();
    });
    await within(5_000, 'the cut', once(socket, 'close'));
    for (const { id, event } of reader.events) {
      assert.ok(event === 'ready' || event === 'measurement', event);
      if (event === 'measurement') numbers.push(Number(id!.split('-')[1]));
    }
    cursor = reader.lastId || cursor;
  };
  for (let cut = 0; cut < 100; cut++) await readSome(random.between(600, 20_000));
  const count = numbers.length;
  assert.ok(count > 1_000, `${count} events were read`);
  assert.deepEqual(
    numbers,
    Array.from({ length: count }, (_, index) => index + 1),
  );
  assert.deepEqual(hub.status().missed, { coalesced: 0, overrun: 0 });
});
