import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { AedesPublishPacket } from 'aedes';
import { type IPublishPacket, type Packet, parser } from 'mqtt-packet';
import { SessionStore } from '../../../src/sources/mqtt/sessions.ts';
import { MemoryDisk, memoryShelf } from '../../support/memory-shelf.ts';
import { eventually } from '../../support/wait.ts';

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
    onReleased: () => {},
  });
  return { sessions, skipped };
}

const seven = { packetId: 7, digest: 1 };

/** Connects a client, and gives what it is sent. */
function connected(sessions: SessionStore, id = 'c', clean = false) {
  const packets: Packet[] = [];
  const reader = parser({ protocolVersion: 4 });
  reader.on('packet', (one) => packets.push(one));
  const socket = Object.assign(new PassThrough(), { bytesWritten: 0 });
  socket.write = (chunk: Uint8Array): boolean => {
    reader.parse(Buffer.from(chunk));
    return true;
  };
  const session = sessions.attach(
    { id, clean },
    {
      socket,
      throttle: { unsent: 0, flush: () => {} },
      limits: { version: 4, receiveMaximum: 65_535, maximumPacketSize: undefined, topicAliasMaximum: 0 },
      maxUnsentBytes: 1e6,
      maxInFlight: 1_000,
      mayReceive: () => true,
      onRefused: assert.fail,
    },
  );
  return { packets, session, outgoing: session.outgoing! };
}

/** Makes clients that are away, with sessions that are kept. */
function away(sessions: SessionStore, ...ids: string[]): void {
  for (const id of ids) {
    const { session, outgoing } = connected(sessions, id);
    const subscription = { topic: '#', qos: 2 } as const;
    sessions.keep({ id }, subscription);
    sessions.subscribe(session, subscription);
    sessions.detach(session, outgoing);
  }
}

/** Topics of what waits for a client that comes back, in order; it stays there. */
function waiting(sessions: SessionStore, id = 'c'): string[] {
  const { packets, session, outgoing } = connected(sessions, id);
  sessions.detach(session, outgoing);
  return packets.map((one) => (one.cmd === 'publish' ? one.topic : one.cmd));
}

/** Topics of the retained messages. */
function retained(sessions: SessionStore): string[] {
  const { packets, session, outgoing } = connected(sessions, 'reader', true);
  sessions.offerRetained(session, { topic: '#', qos: 0 });
  sessions.detach(session, outgoing);
  return packets.map((one) => (one as IPublishPacket).topic);
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
  away(sessions, 'c');
  for (const counter of [1, 2, 3, 4, 5]) await sessions.outgoingEnqueueCombi([], packet(counter));
  assert.deepEqual(waiting(sessions), ['t/3', 't/4', 't/5']);
  assert.deepEqual(skipped, ['queue-full', 'queue-full']);
});

test('a QoS 2 message keeps its packet id over connections, becomes a PUBREL, and goes with PUBCOMP', async () => {
  const { sessions } = store();
  away(sessions, 'c');
  for (const counter of [1, 2]) await sessions.outgoingEnqueueCombi([], packet(counter, { qos: 2 }));
  const first = connected(sessions);
  // Their ids have to be durable first.
  assert.deepEqual(first.packets, []);
  await sessions.saved();
  await eventually('both', () => first.packets.length === 2);
  const [one, two] = first.packets.map(({ messageId }) => messageId);
  sessions.detach(first.session, first.outgoing);
  const second = connected(sessions);
  assert.deepEqual(
    second.packets.map((again) => [again.messageId, (again as IPublishPacket).dup]),
    [
      [one, true],
      [two, true],
    ],
  );
  second.outgoing.pubrec(two!, 0);
  await eventually('PUBREL', () => second.packets.length === 3);
  sessions.detach(second.session, second.outgoing);
  assert.deepEqual(waiting(sessions), ['t/1', 'pubrel']);
  const third = connected(sessions);
  third.outgoing.pubcomp(one!);
  third.outgoing.pubcomp(two!);
  third.outgoing.pubcomp(two!);
  sessions.detach(third.session, third.outgoing);
  assert.deepEqual(waiting(sessions), ['t/1']);
});

test('retained messages are bounded by topic, may change, and make room when they are cleared', async () => {
  const { sessions, skipped } = store();
  for (const counter of [1, 2, 3]) await sessions.storeRetained(packet(counter));
  await sessions.storeRetained(packet(1, { payload: Buffer.from('y') }));
  assert.deepEqual(skipped, ['retained-full']);
  await sessions.storeRetained(packet(1, { payload: Buffer.alloc(0) }));
  await sessions.storeRetained(packet(3));
  assert.deepEqual(retained(sessions), ['t/2', 't/3']);
});

test('what is kept is bounded in bytes too, for all together', async () => {
  const { sessions, skipped } = store();
  const large = packet(1, { payload: Buffer.alloc(800) });
  away(sessions, 'a', 'b', 'c');
  await sessions.outgoingEnqueueCombi([], large);
  assert.deepEqual(skipped, ['queue-full']);
  const { packets, session, outgoing } = connected(sessions, 'a');
  outgoing.puback(packets[0]!.messageId!);
  sessions.detach(session, outgoing);
  await sessions.outgoingEnqueueCombi([], large);
  assert.deepEqual(skipped, ['queue-full', 'queue-full', 'queue-full']);
  assert.deepEqual(waiting(sessions, 'a'), ['t/1']);
  await sessions.storeRetained(packet(1, { payload: Buffer.alloc(7) }));
  await sessions.storeRetained(packet(2));
  assert.deepEqual(skipped.slice(3), ['retained-full']);
  await sessions.storeRetained(packet(1, { payload: Buffer.alloc(3) }));
  await sessions.storeRetained(packet(2));
  assert.deepEqual(skipped.slice(3), ['retained-full']);
  // Too large to be kept: then its topic has none, rather than an old one.
  await sessions.storeRetained(packet(1, { payload: Buffer.alloc(8) }));
  assert.deepEqual(retained(sessions), ['t/2']);
});

test('user properties count as what they take', async () => {
  const { sessions, skipped } = store();
  away(sessions, 'c');
  const pairs = Array.from({ length: 100 }, (_, i) => [`${i}`, 'x'.repeat(20)]);
  await sessions.outgoingEnqueueCombi([], packet(1, { properties: { userProperties: pairs } }));
  assert.deepEqual(skipped, ['queue-full']);
});

test('sessions are bounded in number, and known clients keep theirs', async () => {
  const { sessions } = store();
  away(sessions, 'a', 'b');
  assert.deepEqual([sessions.hasRoomFor('a'), sessions.hasRoomFor('c')], [true, false]);
  assert.equal(sessions.subscribers.wants('t'), true);
  for (const id of ['a', 'b']) await sessions.cleanSubscriptions({ id });
  assert.deepEqual([sessions.hasRoomFor('c'), sessions.subscribers.wants('t')], [true, false]);
});
