import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Redelivery } from '../../../src/sources/redelivery.ts';

const done = { outcome: Promise.resolve() };

/** A client that has sent messages and has an acknowledgement for each. */
function windowOf(all: Redelivery, client: string, ids: readonly number[]) {
  const window = all.of(client);
  window.connected();
  for (const id of ids) {
    window.begin(id, id * 7, done);
    window.acknowledged(id, id * 7, true);
  }
  return window;
}

test('an entry tells what became of a message, by packet id and digest', () => {
  const window = new Redelivery(1000).of('c');
  window.connected();
  const outcome = Promise.resolve();
  window.begin(1, 11, { outcome });
  assert.deepEqual(window.find(1, 11), { state: 'under-way', outcome });
  assert.equal(window.find(1, 12), undefined);
  assert.equal(window.find(2, 11), undefined);
  const further = Promise.resolve();
  window.waitFor(1, 11, further);
  assert.deepEqual(window.find(1, 11), { state: 'under-way', outcome: further });
  window.taken(1, 11);
  assert.deepEqual(window.find(1, 11), { state: 'taken' });
  window.acknowledged(1, 11, true);
  assert.deepEqual(window.find(1, 11), { state: 'acknowledged' });
  window.begin(1, 12, { outcome });
  window.acknowledged(1, 11, true);
  assert.deepEqual([window.find(1, 11), window.find(1, 12)?.state], [undefined, 'under-way']);
  window.forget(1);
  assert.equal(window.find(1, 12), undefined);
});

test('what was acknowledged long before the client was last heard from is forgotten when it connects anew', () => {
  const all = new Redelivery(1000);
  const window = windowOf(all, 'c', [1]);
  all.now = 6;
  window.begin(2, 14, done);
  window.acknowledged(2, 14, true);
  all.now = 11;
  window.heard();
  assert.equal(window.find(1, 7)?.state, 'acknowledged');
  all.now = 500;
  window.connected();
  assert.equal(window.find(1, 7), undefined);
  assert.equal(window.find(2, 14)?.state, 'acknowledged');
  // On its new connection it takes its time to send again what it had sent before.
  all.now = 600;
  window.heard();
  window.connected();
  assert.equal(window.find(2, 14)?.state, 'acknowledged');
  all.now = 2_000;
  window.heard();
  window.connected();
  assert.equal(window.find(2, 14), undefined);
});

test('a client that was not heard from again is remembered, however long it is away', () => {
  const all = new Redelivery(1000);
  const window = windowOf(all, 'c', [1]);
  all.now = 1_000_000;
  window.connected();
  assert.equal(window.find(1, 7)?.state, 'acknowledged');
});

test('an acknowledgement that went to a connection that had ended does not count as received', () => {
  const all = new Redelivery(1000);
  const window = all.of('c');
  window.connected();
  window.begin(1, 7, done);
  window.connected();
  window.acknowledged(1, 7, false);
  all.now = 30;
  window.heard();
  window.connected();
  assert.equal(window.find(1, 7)?.state, 'acknowledged');
});

test('the last 1,000 messages of a client are known, with ids in order from anywhere', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 1, max: 3_000 }), (start, count) => {
      const all = new Redelivery(1000);
      const ids = Array.from({ length: count }, (_, i) => ((start - 1 + i) % 65_535) + 1);
      const window = windowOf(all, 'c', ids);
      for (const id of ids.slice(-1_000)) assert.equal(window.find(id, id * 7)?.state, 'acknowledged', `${id}`);
      assert.ok(window.entries <= 1_024);
    }),
    { numRuns: 30 },
  );
});

test('whatever the ids, an answer is never another message than was asked for, and the latest is known', () => {
  const message = fc.tuple(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 0, max: 3 }));
  fc.assert(
    fc.property(fc.array(message, { maxLength: 500 }), (messages) => {
      const all = new Redelivery(64);
      const window = all.of('c');
      const latest = new Map<number, number>();
      for (const [id, digest] of messages) {
        window.begin(id, digest, done);
        latest.set(id, digest);
        assert.equal(window.find(id, digest)?.state, 'under-way');
        window.acknowledged(id, digest, true);
      }
      for (const [id, digest] of latest) {
        for (const other of [0, 1, 2, 3]) if (other !== digest) assert.equal(window.find(id, other), undefined);
      }
    }),
  );
});

test('a client that sends slowly needs no more than a small table', () => {
  const all = new Redelivery(1000);
  const window = all.of('c');
  for (let id = 1; id < 2_000; id++) {
    all.now = id * 10;
    window.begin(id, id, done);
    window.acknowledged(id, id, true);
  }
  assert.equal(window.entries, 16);
});

test('what was durable is known after a restart, but for what the client was heard from long after', () => {
  const all = new Redelivery(1000);
  all.restore([
    { client: 'a', packetId: 1, digest: 1, agoMs: 60_000 },
    { client: 'a', packetId: 2, digest: 2, agoMs: 45_000 },
    { client: 'a', packetId: 3, digest: 3, agoMs: 40_000 },
    { client: 'b', packetId: 1, digest: 4, agoMs: 0 },
    { client: 'b', packetId: 1, digest: 5, agoMs: 0 },
  ]);
  const a = all.of('a');
  const states = () => [1, 2, 3].map((id) => a.find(id, id)?.state);
  assert.deepEqual(states(), [undefined, 'taken', 'taken']);
  assert.deepEqual([all.of('b').find(1, 4), all.of('b').find(1, 5)?.state], [undefined, 'taken']);
  all.now = 100_000;
  a.connected();
  assert.deepEqual(states(), [undefined, 'taken', 'taken']);
  all.now = 101_000;
  a.heard();
  a.connected();
  assert.deepEqual(states(), [undefined, undefined, undefined]);
});

test('what was durable in an earlier run is known too, although its client was heard from long after, in a later one', () => {
  const all = new Redelivery(1000);
  all.restore([
    { client: 'a', packetId: 1, digest: 1, agoMs: 50_000, runsAgo: 2 },
    { client: 'a', packetId: 2, digest: 2, agoMs: 30_000, runsAgo: 2 },
    { client: 'a', packetId: 3, digest: 3, agoMs: 15_000, runsAgo: 1 },
    { client: 'a', packetId: 4, digest: 4, agoMs: 0 },
  ]);
  const a = all.of('a');
  assert.deepEqual(
    [1, 2, 3, 4].map((id) => a.find(id, id)?.state),
    [undefined, 'taken', 'taken', 'taken'],
  );
});

test('of too many clients those go that have been away for longest, never one that is connected', () => {
  const all = new Redelivery(1000);
  all.of('first').begin(1, 1, done);
  const here = windowOf(all, 'here', [1]);
  for (let i = 0; i < 10_000; i++) all.of(`c${i}`).begin(1, 1, done);
  assert.equal(all.clients, 10_000);
  assert.equal(all.of('here'), here);
  assert.equal(all.of('first').find(1, 1), undefined);
  assert.equal(all.of('c9999').find(1, 1)?.state, 'under-way');
  here.disconnected();
});

test('all tables together are bounded', () => {
  const all = new Redelivery(65_535);
  let entries = 0;
  for (let client = 0; client < 20; client++) {
    const window = all.of(`c${client}`);
    for (let id = 1; id <= 65_535; id++) window.begin(id, id, done);
    entries += window.entries;
  }
  assert.ok(entries <= 500_000 + 20 * 16, `${entries}`);
});
