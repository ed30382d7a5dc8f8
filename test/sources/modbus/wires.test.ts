import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readPdu, writePdu } from '../../../src/profiles/modbus/pdu.ts';
import { rtuFrame } from '../../../src/profiles/modbus/rtu.ts';
import { TcpWire } from '../../../src/sources/modbus/tcp-wire.ts';
import { RtuWire, type Wire } from '../../../src/sources/modbus/wire.ts';

const units = new Set([1, 2]);
const pdu = readPdu({ unit: 1, table: 'holding', address: 0x0300, count: 2 });
const answer = Uint8Array.of(3, 4, 0, 1, 0, 2);
const question = { unit: 1, pdu, id: 7 };
const join = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);
const hex = (heard: ReturnType<Wire['push']>): unknown =>
  typeof heard === 'string' ? heard : heard.map((one) => `${one.unit}: ${Buffer.from(one.pdu).toString('hex')}`);

/** All that is heard, however the bytes come. */
function inPieces(wire: Wire, bytes: Uint8Array, size: number): unknown[] {
  const heard: unknown[] = [];
  for (let at = 0; at < bytes.length; at += size)
    heard.push(...(hex(wire.push(bytes.subarray(at, at + size))) as unknown[]));
  return heard;
}

test('answers are found on a serial line between echoes, noise and what is left of others, in any pieces', () => {
  const noise = Uint8Array.of(0, 1, 3, 0xff, 9);
  const bytes = join(noise, rtuFrame(1, answer).subarray(4), rtuFrame(2, answer), noise, rtuFrame(1, answer));
  for (const size of [1, 2, 3, 7, 1000]) {
    const wire = new RtuWire(units);
    wire.send(question);
    assert.deepEqual(inPieces(wire, bytes, size), ['2: 030400010002', '1: 030400010002']);
    assert.equal(wire.strayBytes, 15);
  }
});

test('the echo of a request is no answer, also where it could be read as one', () => {
  const coils = { ...question, pdu: readPdu({ unit: 1, table: 'coil', address: 0x0302, count: 20 }) };
  const said = Uint8Array.of(1, 3, 0xaa, 0x55, 1);
  for (const [asked, its] of [
    [question, answer],
    [coils, said],
  ] as const) {
    for (const size of [1, 8, 1000]) {
      const wire = new RtuWire(units);
      const echo = wire.send(asked);
      assert.deepEqual(inPieces(wire, join(echo, rtuFrame(1, its)), size), [`1: ${Buffer.from(its).toString('hex')}`]);
      assert.equal(wire.strayBytes, 0);
    }
  }
});

test('where the line is known to have an echo, a write is done when its bytes come a second time', () => {
  const wire = new RtuWire(units);
  const write = { ...question, pdu: writePdu({ kind: 'register', address: 1, value: 2 }) };
  assert.deepEqual(hex(wire.push(wire.send(write))), ['1: 0600010002'], 'without an echo they are the answer');
  wire.push(join(wire.send(question), rtuFrame(1, answer)));
  const echo = wire.send(write);
  assert.deepEqual(hex(wire.push(echo)), []);
  assert.deepEqual(hex(wire.push(echo)), ['1: 0600010002']);
});

test('what is as long as the answer and is none was one', () => {
  const wire = new RtuWire(units);
  wire.send(question);
  const damaged = Uint8Array.from(rtuFrame(1, answer));
  damaged[4]! ^= 1;
  wire.push(damaged.subarray(0, 8));
  assert.equal(wire.isDamaged(), false);
  wire.push(damaged.subarray(8));
  assert.equal(wire.isDamaged(), true);
  wire.send(question);
  assert.equal(wire.isDamaged(), false);
  assert.equal(wire.strayBytes, 9);
});

test('endless noise is held to a few bytes, and an answer in it is found', () => {
  const wire = new RtuWire(units);
  wire.send(question);
  const noise = Uint8Array.from({ length: 100_000 }, (_, index) => (index * 7) % 251);
  assert.deepEqual(hex(wire.push(join(noise, rtuFrame(1, answer), noise))), ['1: 030400010002']);
});

test('whatever comes over a serial line, only frames with the right checksum are answers, and every byte is accounted for', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.constant(rtuFrame(1, answer)),
    fc.constant(rtuFrame(1, pdu)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), fc.boolean(), (pieces, isAsked) => {
      const wire = new RtuWire(units);
      if (isAsked) wire.send(question);
      let [sent, answered, echoes] = [0, 0, 0];
      for (const each of pieces) {
        const heard = wire.push(each);
        for (const one of heard) answered += one.pdu.length + 3;
        sent += each.length;
      }
      echoes = sent - answered - wire.strayBytes;
      assert.ok(echoes === 0 || (isAsked && echoes === 8), `${echoes}`);
    }),
  );
});

test('answers over TCP come with their numbers, in any pieces', () => {
  const frame = (id: number): Uint8Array => {
    const wire = new TcpWire();
    return wire.send({ unit: 255, pdu: answer, id });
  };
  for (const size of [1, 6, 7, 13, 1000]) {
    const wire = new TcpWire();
    const heard: number[] = [];
    const bytes = join(frame(0), frame(65_535));
    for (let at = 0; at < bytes.length; at += size) {
      const found = wire.push(bytes.subarray(at, at + size));
      assert.ok(typeof found !== 'string');
      for (const one of found) {
        assert.deepEqual([one.unit, Buffer.from(one.pdu)], [255, Buffer.from(answer)]);
        heard.push(one.id!);
      }
    }
    assert.deepEqual(heard, [0, 65_535]);
  }
});

test('a header that no Modbus TCP has ends the connection', () => {
  for (const bytes of ['00010000138801', '00010000000201', '00010001000601', '0001000000ff01']) {
    assert.match(
      String(new TcpWire().push(Buffer.from(bytes, 'hex'))),
      new RegExp(`does not speak Modbus TCP \\(${bytes}\\)`),
    );
  }
  const rtu = rtuFrame(1, answer);
  assert.match(String(new TcpWire().push(rtu)), /passes on the bytes of a serial line\? Then set `framing: rtu`\.$/);
});
