import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFirmataCodec } from '../../../src/profiles/codecs/firmata.ts';
import { assertSurvives, bytesOf, fieldsOf, inputOf } from './codec-support.ts';
import { checkSamples } from './serial-samples.ts';

const decode = (hex: string) => createFirmataCodec().decode(inputOf(bytesOf(hex)));

test('every sample decodes to what it says', () => {
  checkSamples('firmata', createFirmataCodec);
  const { sightings } = decode('f07902035300740061006e0064006100720064004600690072006d00610074006100f7');
  assert.deepEqual(sightings, [{ name: 'StandardFirmata', attributes: [['firmware', '2.3']] }]);
  assert.deepEqual(decode('f90203').sightings, [{ attributes: [['protocol', 'Firmata 2.3']] }]);
});

test('pins', () => {
  // Made here after firmata/protocol, protocol.md
  assert.deepEqual(fieldsOf(decode('e07f07')), { A0: 1023 });
  assert.deepEqual(fieldsOf(decode('ef0000')), { A15: 0 });
  assert.deepEqual(fieldsOf(decode('f06f11017e03f7')), { A17: 1 + 0x7e * 128 + 3 * 128 * 128 });
  assert.deepEqual(fieldsOf(decode('900101')), {
    D0: true,
    D1: false,
    D2: false,
    D3: false,
    D4: false,
    D5: false,
    D6: false,
    D7: true,
  });
});

test('what is no value is what it is', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['f07148006900f7', 'log'],
    ['f06a7f7f0001f7', 'discovery'],
    ['f06c00010101f7', 'discovery'],
    ['f06e0d0101f7', 'command'],
    ['f07700f7', 'raw'],
    ['ff', 'raw'],
    ['f079f7', 'discovery'],
  ];
  for (const [hex, kind] of rows) assert.equal(decode(hex).kind, kind, hex);
});

test('what is damaged says how', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['', "It begins with 0x00, and Firmata's messages with 0x80 or more."],
    ['41', "It begins with 0x41, and Firmata's messages with 0x80 or more."],
    ['9104', 'Its message 0x91 has 2 bytes, not 3.'],
    ['910490', 'Only the first byte of a message may be 0x80 or more.'],
    ['f079020353', 'Its sysex message has no end, 0xf7.'],
    ['f07980f7', 'Only the first and the last byte of a sysex message may be 0x80 or more.'],
    ['f06f01f7', 'Its extended analog message has no pin and value.'],
  ];
  for (const [hex, failure] of rows) assert.equal(decode(hex).failure, failure, hex);
});

test('no payload makes it throw or break its bounds', () => {
  assertSurvives(
    createFirmataCodec,
    ['910400', 'e07f07', 'f90203', 'f0790203530074006100f7', 'f06f11017e03f7'].map(bytesOf),
  );
});
