import type { Field } from '../../core/measurement.ts';
import { type Codec, type CodecOutput, failed, measured, without } from '../codec.ts';

/** Sysex messages by their second byte that have their own way here (github.com/firmata/protocol, protocol.md). */
const firmware = 0x79;
const text = 0x71;
const extendedAnalog = 0x6f;
const pinState = 0x6e;
const analogMapping = 0x6a;
const capabilities = 0x6c;

/**
 * Firmata 2.x: what a microcontroller reports of its pins, one message each. A port of eight digital pins becomes `D0` to
 * `D7` and so on, an analog pin `A0` with what its converter counts, most often 0 to 1023. Name and version are told as the device's.
 */
export function createFirmataCodec(): Codec {
  return { decode: ({ payload }) => decode(payload) };
}

function decode(message: Uint8Array): CodecOutput {
  const [command = 0, first = 0, second = 0] = message;
  if (command === 0xf0) return decodeSysex(message);
  const expected = command >= 0x90 && command !== 0xff ? 3 : 1;
  if (command < 0x80) return failed(`It begins with 0x${hex(command)}, and Firmata's messages with 0x80 or more.`);
  if (message.length !== expected)
    return failed(`Its message 0x${hex(command)} has ${message.length} bytes, not ${expected}.`);
  if (first >= 0x80 || second >= 0x80) return failed('Only the first byte of a message may be 0x80 or more.');
  const value = first + second * 128;
  switch (command & 0xf0) {
    case 0x90:
      return measured([{ fields: pinsOf(command & 0x0f, value) }], true);
    case 0xe0:
      return measured([{ fields: [{ name: `A${command & 0x0f}`, value }] }], true);
    default:
      if (command !== 0xf9) return without('raw');
      return without('discovery', { sightings: [{ attributes: [['protocol', `Firmata ${first}.${second}`]] }] });
  }
}

/** Eight pins from the lowest bit on. */
function pinsOf(port: number, bits: number): Field[] {
  return Array.from({ length: 8 }, (_, i) => ({ name: `D${port * 8 + i}`, value: ((bits >> i) & 1) === 1 }));
}

function decodeSysex(message: Uint8Array): CodecOutput {
  if (message.at(-1) !== 0xf7 || message.length < 3) return failed('Its sysex message has no end, 0xf7.');
  const content = message.subarray(2, -1);
  if (content.some((byte) => byte >= 0x80))
    return failed('Only the first and the last byte of a sysex message may be 0x80 or more.');
  switch (message[1]) {
    case firmware: {
      if (content.length < 2) return without('discovery');
      const name = charactersOf(content.subarray(2)).replace(/\.ino$/, '');
      const version = `${content[0]}.${content[1]}`;
      return without('discovery', {
        sightings: [{ ...(name !== '' && { name }), attributes: [['firmware', version]] }],
      });
    }
    case text:
      return without('log');
    case extendedAnalog: {
      if (content.length < 2 || content.length > 7) return failed('Its extended analog message has no pin and value.');
      let value = 0;
      for (let i = content.length - 1; i >= 1; i--) value = value * 128 + content[i]!;
      return measured([{ fields: [{ name: `A${content[0]}`, value }] }], true);
    }
    case analogMapping:
    case capabilities:
      return without('discovery');
    case pinState:
      return without('command');
    default:
      return without('raw');
  }
}

/** Text of two bytes a character, the low seven bits first. */
function charactersOf(pairs: Uint8Array): string {
  const bytes = new Uint8Array(Math.min(pairs.length >> 1, 200));
  for (let i = 0; i < bytes.length; i++) bytes[i] = pairs[i * 2]! + pairs[i * 2 + 1]! * 128;
  return Buffer.from(bytes).toString('latin1').trim();
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
