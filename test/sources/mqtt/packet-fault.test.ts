import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublishPacket } from 'aedes';
import { PacketInspector } from '../../../src/sources/mqtt/packet-fault.ts';
import { reasonOf } from '../../../src/sources/mqtt/refused.ts';

const packet = (more: object): PublishPacket =>
  ({ cmd: 'publish', topic: 'a/b', qos: 1, messageId: 1, payload: Buffer.alloc(0), ...more }) as PublishPacket;

const rows: readonly (readonly [packet: object, fault: RegExp | undefined])[] = [
  [{}, undefined],
  [{ topic: 'a/b/c' }, undefined],
  [{ topic: '/' }, undefined],
  [{ topic: '$app/x' }, undefined],
  [{ topic: 'température' }, undefined],
  [{ topic: '' }, /empty/],
  [{ topic: 'a/b/c/d' }, /over 3 levels/],
  [{ topic: 'a/+/b' }, /wildcard/],
  [{ topic: 'a/#' }, /wildcard/],
  [{ topic: 'a\0b' }, /NUL/],
  [{ topic: Buffer.from([0x61, 0xff]).toString() }, /UTF-8/],
  [{ topic: '$SYS/broker' }, /broker's own/],
  [{ messageId: 0 }, /packet identifier/],
  [{ messageId: -1 }, /packet identifier/],
  [{ messageId: undefined }, /packet identifier/],
  [{ messageId: 65535 }, undefined],
  [{ qos: 0, messageId: undefined }, undefined],
  // a will
  [{ cmd: undefined, messageId: undefined }, undefined],
  [{ cmd: undefined, messageId: undefined, qos: 3 }, /QoS is 3/],
  [{ cmd: undefined, messageId: undefined, topic: 'a/#' }, /wildcard/],
];

test('what MQTT forbids and aedes lets through is found, also the second time', () => {
  const inspector = new PacketInspector(3);
  for (const round of [1, 2]) {
    for (const [more, fault] of rows) {
      const found = inspector.faultOf(packet(more));
      if (fault === undefined) assert.equal(found, undefined, `${round}: ${JSON.stringify(more)}`);
      else assert.match(found ?? '', fault, `${round}: ${JSON.stringify(more)}`);
    }
  }
});

test('reasons are told by the errors they come as', () => {
  const error = (message: string, code?: string): Error => Object.assign(new Error(message), { code });
  assert.equal(reasonOf(error('connect did not arrive in time')), 'connect-timeout');
  assert.equal(reasonOf(error('keep alive timeout')), 'keepalive-timeout');
  assert.equal(reasonOf(error('packet too large')), 'packet-too-large');
  assert.equal(reasonOf(error('drain timeout')), 'drain-timeout');
  assert.equal(reasonOf(error('read ECONNRESET', 'ECONNRESET')), 'connection-lost');
  assert.equal(reasonOf(error('anything else')), 'protocol-error');
});
