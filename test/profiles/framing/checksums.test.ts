import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checksumAt, checksumOf, checksumSize } from '../../../src/profiles/framing/checksums.ts';
import type { ChecksumKind } from '../../../src/profiles/framing/options.ts';

test('CRCs have the check values of their catalogue', () => {
  const rows: readonly (readonly [ChecksumKind, number])[] = [
    ['crc8', 0xf4],
    ['crc8-maxim', 0xa1],
    ['crc8-sensirion', 0xf7],
    ['crc16-modbus', 0x4b37],
    ['crc16-arc', 0xbb3d],
    ['crc16-ccitt', 0x29b1],
    ['crc16-xmodem', 0x31c3],
    ['crc16-kermit', 0x2189],
    ['crc16-x25', 0x906e],
  ];
  for (const [kind, check] of rows) assert.equal(checksumOf(kind, Buffer.from('123456789')), check, kind);
});

test('checksums are those of real frames', () => {
  const rows: readonly (readonly [kind: ChecksumKind, frame: string, from: number, to: number])[] = [
    // avaldebe/PyPMS tests/sensors/test_sensor.py
    ['sum8', 'aac0d4043a0aa1601dab', 2, -2],
    ['sum16be', '424d001c0005000d00160005000d001602fd00fc001d000f00060006970003c5', 0, -2],
    ['sum8-complement', 'ff8601f40000000085', 1, -1],
    ['sum8-complement', '4005040030003156', 0, -1],
    // jblance/mpp-solar, docs: a JBD board's answer
    ['sum16-complement', 'dd03001b17000002d003e8000020780000000000001048030f020b760b82fbff77', 2, -3],
    // jblance/mpp-solar, tests; the second has 0a in its CRC, which is sent as 0b
    ['crc16-voltronic', '28504933309a0b', 0, -2],
    ['crc16-voltronic', '504f503032e20b', 0, -2],
    // yaacov/node-modbus-serial test/ports/rtubufferedport.test.js
    ['crc16-modbus', '110306ae415652434049ad', 0, -2],
    // Sensirion SPS30 datasheet, "Start Measurement"
    ['sum8-inverted', '7e0000020103f97e', 1, -2],
  ];
  for (const [kind, hex, from, to] of rows) {
    const frame = Buffer.from(hex, 'hex');
    const end = frame.length + to;
    assert.equal(checksumOf(kind, frame, from, end), checksumAt(kind, frame, end), `${kind} ${hex}`);
  }
  assert.equal(checksumSize('sum16le'), 2);
  assert.equal(checksumAt('sum16le', Uint8Array.of(1, 2), 0), 0x0201);
  assert.equal(checksumAt('crc16-modbus', Uint8Array.of(1, 2), 0, 'big'), 0x0102);
  assert.equal(checksumOf('xor8', Uint8Array.of(0x0f, 0xf0, 0x01)), 0xfe);
});
