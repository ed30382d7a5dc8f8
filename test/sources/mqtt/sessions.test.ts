import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AedesPublishPacket } from 'aedes';
import { SessionStore } from '../../../src/sources/mqtt/sessions.ts';
import { MemoryDisk, memoryShelf } from '../../support/memory-shelf.ts';

const client = { id: 'c' };
const packet = (counter: number, more: object = {}): AedesPublishPacket =>
  ({
    cmd: 'publish',
    brokerId: 'b',
    brokerCounter: counter,
    topic: `t/${counter}`,
    payload: Buffer.from('x'),
    qos: 1,
    ...more,
  }) as AedesPublishPacket;

const tight = { maxQueuedPerClient: 3, maxQueuedBytes: 2_500, maxRetained: 2, maxRetainedBytes: 10, maxSessions: 2 };

function store(limits = tight) {
  const skipped: string[] = [];
  const sessions = new SessionStore({
    limits,
    shelf: memoryShelf(new MemoryDisk()),
    operatingMs: () => 0,
    onSkipped: (reason) => skipped.push(reason),
    onUnreadable: assert.fail,
    room: async () => {},
    onReleased: () => {},
  });
  return { sessions, skipped };
}

const seven = { packetId: 7, digest: 1 };

async function queued(sessions: SessionStore): Promise<(number | undefined)[]> {
  const found: (number | undefined)[] = [];
  for await (const one of sessions.outgoingStream(client))
    found.push((one as { brokerCounter?: number }).brokerCounter);
  return found;
}

test('a QoS 2 message is taken once, until its id is released', async () => {
  const { sessions } = store();
  let taken = 0;
  const take = async () => ++taken;
  const first = sessions.takeOnce('c', seven, false, take);
  const again = sessions.takeOnce('c', seven, true, take);
  const silentlyAgain = sessions.takeOnce('c', seven, false, take);
  assert.deepEqual([first.isNew, again.isNew, silentlyAgain.isNew, taken], [true, false, false, 1]);
  await assert.rejects(sessions.incomingGetPacket(client, { messageId: 7 }));
  assert.equal(await again.taken, 1);
  assert.equal(sessions.takeOnce('other', seven, false, take).isNew, true);
  await sessions.incomingGetPacket(client, { messageId: 7 });
  await sessions.incomingDelPacket(client, { messageId: 7 });
  assert.equal(sessions.takeOnce('c', seven, false, take).isNew, true);
});

test('another message under an id that is open is a new one: its client has forgotten the first', async () => {
  const { sessions } = store();
  await sessions.takeOnce('c', seven, false, async () => {}).taken;
  assert.equal(sessions.takeOnce('c', { packetId: 7, digest: 2 }, true, async () => {}).isNew, true);
});

test('a QoS 2 message that could not be taken may come again', async () => {
  const { sessions } = store();
  await assert.rejects(sessions.takeOnce('c', seven, false, () => Promise.reject(new Error('full'))).taken);
  assert.equal(sessions.takeOnce('c', seven, true, async () => {}).isNew, true);
});

test('a session that ends takes its ids along', async () => {
  const { sessions } = store();
  await sessions.takeOnce('c', seven, false, async () => {}).taken;
  sessions.forgetIncoming('c');
  await assert.rejects(sessions.incomingGetPacket(client, { messageId: 7 }));
  assert.equal(sessions.takeOnce('c', seven, false, async () => {}).isNew, true);
});

test('a client that is away keeps the newest messages, and the oldest are counted', async () => {
  const { sessions, skipped } = store();
  for (const counter of [1, 2, 3, 4, 5]) await sessions.outgoingEnqueue({ clientId: 'c' }, packet(counter));
  assert.deepEqual(await queued(sessions), [3, 4, 5]);
  assert.deepEqual(skipped, ['queue-full', 'queue-full']);
});

test('a queued message gets a packet id, becomes a PUBREL, and goes with its acknowledgement', async () => {
  const { sessions } = store();
  for (const counter of [1, 2]) await sessions.outgoingEnqueueCombi([{ clientId: 'c' }], packet(counter));
  await sessions.outgoingUpdate(client, { brokerId: 'b', brokerCounter: 2, messageId: 9 });
  await sessions.outgoingUpdate(client, { cmd: 'pubrel', messageId: 9 });
  assert.deepEqual(await queued(sessions), [1, undefined]);
  assert.equal((await sessions.outgoingClearMessageId(client, { messageId: 9 }))?.cmd, 'pubrel');
  assert.deepEqual(await queued(sessions), [1]);
  assert.equal(await sessions.outgoingClearMessageId(client, { messageId: 9 }), undefined);
});

test('retained messages are bounded by topic, may change, and make room when they are cleared', async () => {
  const { sessions, skipped } = store();
  for (const counter of [1, 2, 3]) await sessions.storeRetained(packet(counter));
  await sessions.storeRetained(packet(1, { payload: Buffer.from('y') }));
  assert.deepEqual(skipped, ['retained-full']);
  await sessions.storeRetained(packet(1, { payload: Buffer.alloc(0) }));
  await sessions.storeRetained(packet(3));
  const topics: string[] = [];
  for await (const one of sessions.createRetainedStreamCombi(['#'])) topics.push((one as AedesPublishPacket).topic);
  assert.deepEqual(topics, ['t/2', 't/3']);
});

test('what is kept is bounded in bytes too, for all together', async () => {
  const { sessions, skipped } = store();
  const large = packet(1, { payload: Buffer.alloc(800) });
  for (const clientId of ['a', 'b', 'c']) await sessions.outgoingEnqueue({ clientId }, large);
  assert.deepEqual(skipped, ['queue-full']);
  await sessions.outgoingUpdate({ id: 'a' }, { brokerId: 'b', brokerCounter: 1, messageId: 5 });
  await sessions.outgoingClearMessageId({ id: 'a' }, { messageId: 5 });
  await sessions.outgoingEnqueue({ clientId: 'c' }, large);
  assert.deepEqual(skipped, ['queue-full']);
  await sessions.storeRetained(packet(1, { payload: Buffer.alloc(10) }));
  await sessions.storeRetained(packet(2));
  assert.deepEqual(skipped, ['queue-full', 'retained-full']);
  await sessions.storeRetained(packet(1, { payload: Buffer.alloc(9) }));
  await sessions.storeRetained(packet(2));
  assert.deepEqual(skipped, ['queue-full', 'retained-full']);
  // Too large to be kept: then its topic has none, rather than an old one.
  await sessions.storeRetained(packet(1, { payload: Buffer.alloc(11) }));
  const topics: string[] = [];
  for await (const one of sessions.createRetainedStreamCombi(['#'])) topics.push((one as AedesPublishPacket).topic);
  assert.deepEqual(topics, ['t/2']);
});

test('a small payload does not hold on to the large read that it came with', async () => {
  const { sessions } = store();
  const read = Buffer.alloc(64 * 1024);
  await sessions.outgoingEnqueue({ clientId: 'c' }, packet(1, { payload: read.subarray(0, 10) }));
  for await (const one of sessions.outgoingStream(client)) {
    assert.ok((one as { payload: Buffer }).payload.buffer.byteLength <= 20);
  }
});

test('sessions are bounded in number, and known clients keep theirs', async () => {
  const { sessions } = store();
  const subscriptions = [{ topic: 't', qos: 1 }] as never;
  for (const id of ['a', 'b']) await sessions.addSubscriptions({ id } as never, subscriptions);
  assert.deepEqual([sessions.hasRoomFor('a'), sessions.hasRoomFor('c')], [true, false]);
  assert.equal(sessions.wants('t'), true);
  for (const id of ['a', 'b']) await sessions.cleanSubscriptions({ id } as never);
  assert.deepEqual([sessions.hasRoomFor('c'), sessions.wants('t')], [true, false]);
});
