import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { generate, type Packet, parser } from 'mqtt-packet';
import { type PacketParser, PublishReader } from '../../../src/sources/mqtt/publish-reader.ts';

/** What a parser makes of pieces of a stream: its packets, and what it said was wrong. */
function read(pieces: readonly Buffer[], isStoodIn: boolean, protocolVersion: number): unknown[] {
  const one = parser({ protocolVersion } as never) as unknown as PacketParser;
  if (isStoodIn) new PublishReader(one, () => {});
  const said: unknown[] = [];
  one.on('packet', (packet: Packet) => said.push({ ...packet }));
  one.on('error', (error: Error) => said.push(error.message));
  for (const piece of pieces) {
    one.parse(piece);
    // Whoever is told of an error closes the connection.
    if (one.error !== null) break;
  }
  return said;
}

/** A stream in pieces: each length in turn, over and over. */
function cut(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = lengths[i % lengths.length]!;
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

const topic = fc.oneof(
  fc.constantFrom('a', 'home/kitchen', 'ü/€/🌡', '', 'x'.repeat(200)),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).filter((text) => text.isWellFormed()),
);
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom(127, 128, 20_000).map((length) => Buffer.alloc(length, 7)),
);
const publish = fc.record({
  cmd: fc.constant('publish' as const),
  topic: topic.filter((text) => text !== ''),
  payload,
  qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
  dup: fc.boolean(),
  retain: fc.boolean(),
  messageId: fc.integer({ min: 1, max: 65_535 }),
  properties: fc.option(fc.constantFrom({}, { contentType: 'text' }, { userProperties: { a: 'b' } }), {
    nil: undefined,
  }),
});
const other = fc.constantFrom<Packet>(
  { cmd: 'pingreq' },
  { cmd: 'puback', messageId: 9, reasonCode: 0 },
  { cmd: 'pubrel', messageId: 9, reasonCode: 0 },
  { cmd: 'subscribe', messageId: 3, subscriptions: [{ topic: 'a/#', qos: 1 }] },
);
const version = fc.constantFrom(4, 5);
const lengths = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: 70_000 })), {
  minLength: 1,
  maxLength: 6,
});

describe('what is read of PUBLISH packets', () => {
  test('any packets in any pieces are what the parser alone makes of them', () => {
    const packets = fc.array(fc.oneof({ weight: 3, arbitrary: publish as fc.Arbitrary<Packet> }, other), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(packets, lengths, version, (all, pieces, protocolVersion) => {
        const bytes = Buffer.concat(all.map((packet) => generate(packet, { protocolVersion })));
        const found = read(cut(bytes, pieces), true, protocolVersion);
        assert.equal(found.length, all.length);
        assert.deepEqual(found, read([bytes], false, protocolVersion));
      }),
      { numRuns: 300 },
    );
  });

  test('any bytes in any pieces, too', () => {
    const first = fc.constantFrom(0x30, 0x31, 0x32, 0x34, 0x36, 0x3b, 0xc0, 0x00, 0xf0);
    const junk = fc.tuple(first, fc.uint8Array({ maxLength: 60 })).map(([byte, rest]) => Buffer.from([byte, ...rest]));
    fc.assert(
      fc.property(fc.array(junk, { minLength: 1, maxLength: 4 }), lengths, version, (all, pieces, protocolVersion) => {
        const bytes = Buffer.concat(all);
        assert.deepEqual(
          read(cut(bytes, pieces), true, protocolVersion),
          // Byte by byte, as an error in one piece makes the parser forget all of that piece.
          read(cut(bytes, [1]), false, protocolVersion),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  const rows: readonly { what: string; bytes: readonly number[]; version?: number }[] = [
    { what: 'a length in more bytes than it needs', bytes: [0x30, 0x84, 0x80, 0x00, 0, 1, 0x61, 0x62] },
    { what: 'a topic that is longer than its packet', bytes: [0x30, 3, 0, 9, 0x61, 0xc0, 0] },
    { what: 'no room for the packet identifier', bytes: [0x32, 4, 0, 1, 0x61, 0, 0xc0, 0] },
    { what: 'QoS 3', bytes: [0x36, 5, 0, 1, 0x61, 0, 1] },
    { what: 'no topic', bytes: [0x30, 2, 0, 0] },
    { what: 'nothing at all', bytes: [0x30, 0, 0xc0, 0] },
    { what: 'a topic that is no UTF-8', bytes: [0x30, 5, 0, 2, 0xff, 0xfe, 0x31] },
    { what: 'properties of MQTT 5', bytes: [0x30, 6, 0, 1, 0x61, 2, 0x01, 0x01], version: 5 },
    { what: 'no place for the properties of MQTT 5', bytes: [0x30, 3, 0, 1, 0x61], version: 5 },
    { what: 'a length of five bytes', bytes: [0x30, 0x80, 0x80, 0x80, 0x80, 0x01, 0, 1, 0x61] },
  ];
  for (const { what, bytes, version = 4 } of rows) {
    test(`${what}: as the parser has it, whole and byte by byte`, () => {
      const all = Buffer.from(bytes);
      // Where it gets more than one packet at once, the parser reads beyond the end of one that is too short.
      const expected = read(cut(all, [1]), false, version);
      assert.deepEqual(read([all], true, version), expected);
      assert.deepEqual(read(cut(all, [1]), true, version), expected);
    });
  }

  test('what comes while a packet is handed on comes after it', () => {
    const one = parser() as unknown as PacketParser;
    let reads = 0;
    new PublishReader(one, () => reads++);
    const of = (text: string) =>
      generate({ cmd: 'publish', topic: text, payload: '', qos: 0, dup: false, retain: false });
    const heard: string[] = [];
    one.on('packet', ({ topic }: { topic: string }) => {
      heard.push(topic);
      if (topic === 'a') one.parse(of('c'));
    });
    one.parse(Buffer.concat([of('a'), of('b')]));
    assert.deepEqual(heard, ['a', 'b', 'c']);
    assert.equal(reads, 2);
  });

  test('a topic that comes again is the same text', () => {
    const one = parser() as unknown as PacketParser;
    new PublishReader(one, () => {});
    const heard: { topic: string; payload: Buffer }[] = [];
    one.on('packet', (packet) => heard.push(packet));
    for (const text of ['home/kitchen', 'home/kitchem', 'home/kitchen'])
      one.parse(generate({ cmd: 'publish', topic: text, payload: text, qos: 0, dup: false, retain: false }));
    assert.deepEqual(
      heard.map(({ topic, payload }) => [topic, payload.toString()]),
      ['home/kitchen', 'home/kitchem', 'home/kitchen'].map((text) => [text, text]),
    );
  });
});
