import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeTime } from '../support/fake-time.ts';
import { hubAt, Reader, taken } from './fixtures.ts';

test('under load they go for whom it was waited, all pauses together until they have everything', async (t) => {
  const time = new FakeTime();
  time.start();
  t.after(() => time.stop());
  const hub = hubAt(time);
  const filter = { devices: ['a'] };
  const prompt = new Reader(hub, { filter });
  const still = new Reader(hub, { filter });
  const trickling = new Reader(hub, { filter });
  const pausing = new Reader(hub, { filter: { devices: ['b'] } });
  still.isFull = trickling.isFull = pausing.isFull = true;
  const shed: number[] = [];
  for (let round = 0; round < 4; round++) {
    hub.taken(taken('a', round));
    hub.taken(taken('b', round));
    await time.advance(1_000, 20);
    hub.taken(taken('a', 10 + round));
    await time.advance(1_000, 20);
    // The one has something to read still, and takes a little of it; the other has had everything.
    trickling.subscription.resume();
    pausing.subscription.resume();
    await time.advance(40, 20);
    shed.push(hub.shedSlow());
  }
  assert.deepEqual(shed, [0, 0, 2, 0]);
  assert.deepEqual([still.ends, trickling.ends, prompt.ends, pausing.ends], [['shed'], ['shed'], [], []]);
  assert.deepEqual([still.numbers.length, prompt.numbers.length], [1, 8]);
  assert.deepEqual([hub.status().subscriptions, hub.status().frozen], [2, 0]);
  await hub.stop();
});

test('who has caught up in between is not slow', async (t) => {
  const time = new FakeTime();
  time.start();
  t.after(() => time.stop());
  const hub = hubAt(time);
  const reader = new Reader(hub);
  for (let round = 0; round < 3; round++) {
    reader.isFull = true;
    for (let second = 0; second < 4; second++) {
      hub.taken(taken('a', round));
      await time.advance(1_000, 20);
    }
    assert.equal(hub.shedSlow(), 0, `pause ${round}`);
    reader.drain();
    await time.advance(40, 20);
    assert.equal(reader.subscription.state, 'following');
  }
  reader.isFull = true;
  hub.taken(taken('a', 9));
  await time.advance(5_100, 20);
  assert.deepEqual([hub.shedSlow(), reader.ends], [1, ['shed']]);
  await hub.stop();
});
