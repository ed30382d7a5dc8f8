import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodePacket, encodePacket, type KeptPacket } from '../../../src/sources/mqtt/packet-codec.ts';
import { openKey, parseOpenKey, parseQueuedKey, queuedKey } from '../../../src/sources/mqtt/spaces.ts';

const text = fc.string({ unit: 'binary' });
const packets: fc.Arbitrary<KeptPacket> = fc.record(
  {
    cmd: fc.constantFrom('publish', 'pubrel'),
    topic: text,
    payload: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
    retain: fc.boolean(),
    messageId: fc.integer({ min: 1, max: 65_535 }),
    expiresAtMs: fc.integer({ min: 0, max: 2 ** 50 }),
    ids: fc.array(fc.integer({ min: 1, max: 268_435_455 })),
    properties: fc.record(
      {
        contentType: text,
        messageExpiryInterval: fc.nat(),
        userProperties: fc.dictionary(text, fc.oneof(text, fc.array(text)), { noNullPrototype: true }),
        correlationData: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
  },
  { requiredKeys: ['payload'], noNullPrototype: true },
);

test('a packet is the same after it was bytes', () => {
  fc.assert(
    fc.property(packets, fc.nat(), (packet, delayMs) => {
      const decoded = decodePacket(encodePacket(packet, { delayMs }));
      assert.deepEqual(decoded, { packet, more: { delayMs } });
    }),
  );
});

test('a text payload is its UTF-8 bytes', () => {
  assert.deepEqual(decodePacket(encodePacket({ payload: 'ü' }))?.packet.payload, Buffer.from('ü'));
});

test('bytes that are no packet are told, whatever they are', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const decoded = decodePacket(bytes);
      assert.ok(decoded === undefined || decoded.packet.payload !== undefined);
    }),
  );
  const whole = encodePacket({ topic: 't', payload: 'x' });
  for (let end = 0; end < whole.length - 1; end++) assert.equal(decodePacket(whole.subarray(0, end)), undefined);
});

test('keys say what they were made of, and sort by number', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 48 - 1 }),
      text,
      fc.integer({ min: 0, max: 2 ** 48 - 1 }),
      text,
      (a, x, b, y) => {
        assert.deepEqual(parseQueuedKey(queuedKey(a, x)), { number: a, clientId: x });
        if (a !== b) assert.equal(queuedKey(a, x) < queuedKey(b, y), a < b);
      },
    ),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 65_535 }), text, (packetId, clientId) => {
      assert.deepEqual(parseOpenKey(openKey(packetId, clientId)), { packetId, clientId });
    }),
  );
});
