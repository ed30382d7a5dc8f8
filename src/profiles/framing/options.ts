import { type Static, Type } from 'typebox';
import { count, oneOrMore } from '../../lib/option-types.ts';

const hexPattern = '^(?:[0-9a-fA-F]{2} ?)+$';
const hex = (description: string, example: string) =>
  Type.String({ pattern: hexPattern, maxLength: 48, description, examples: [example] });

const order = Type.Optional(
  Type.Union([Type.Literal('big'), Type.Literal('little')], {
    description: 'Which byte comes first: the one with the high bits (`big`) or the one with the low bits (`little`).',
  }),
);

const lengthOptions = Type.Object(
  {
    at: Type.Integer({ minimum: 0, maximum: 64, description: 'Where the number stands, from the first byte on.' }),
    type: Type.Union([Type.Literal('uint8'), Type.Literal('uint16')], { description: '`uint8` or `uint16`.' }),
    order,
    plus: Type.Optional(
      Type.Integer({
        minimum: -64,
        maximum: 1024,
        description: 'What the number leaves out: the size of the whole frame is the number plus this. Unset: 0.',
      }),
    ),
  },
  {
    additionalProperties: false,
    description: 'Where a frame says how long it is, of `kind: frame`. PMS5003: `{ at: 2, type: uint16, plus: 4 }`.',
  },
);

/** How a frame is secured. */
export const checksumKind = Type.Union(
  [
    Type.Literal('sum8'),
    Type.Literal('sum8-complement'),
    Type.Literal('sum8-inverted'),
    Type.Literal('sum8-hex'),
    Type.Literal('sum16be'),
    Type.Literal('sum16le'),
    Type.Literal('sum16-complement'),
    Type.Literal('xor8'),
    Type.Literal('crc8'),
    Type.Literal('crc8-maxim'),
    Type.Literal('crc8-sensirion'),
    Type.Literal('crc16-modbus'),
    Type.Literal('crc16-arc'),
    Type.Literal('crc16-ccitt'),
    Type.Literal('crc16-xmodem'),
    Type.Literal('crc16-kermit'),
    Type.Literal('crc16-x25'),
    Type.Literal('crc16-voltronic'),
  ],
  {
    description:
      'How it is reckoned. `sum8`: the lowest byte of the sum; `sum8-complement`: what makes that sum 0 (MH-Z19, HPMA115); `sum8-inverted`: its bits turned over (SHDLC); `sum8-hex`: as two hexadecimal digits (ASTM E1381); `sum16be`, `sum16le`: two bytes of the sum, high or low one first; `sum16-complement`: two bytes, high one first, that make the sum 0 (JBD); `xor8`; and the usual CRCs by name. `crc16-voltronic` is `crc16-xmodem` with one added to bytes that mean something else there.',
  },
);

const checksumOptions = Type.Object(
  {
    kind: checksumKind,
    from: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 64, description: 'The first byte that it covers. Unset: 0.' }),
    ),
    to: Type.Optional(
      Type.Integer({
        minimum: -64,
        maximum: 1024,
        description: 'The byte behind the last one that it covers; negative: from the end. Unset: the checksum itself.',
      }),
    ),
    at: Type.Optional(
      Type.Integer({
        minimum: -64,
        maximum: 1024,
        description:
          'Where it stands; negative: from the end. Unset: last, before the end bytes if nothing is behind them.',
      }),
    ),
    order,
  },
  {
    additionalProperties: false,
    description:
      'What shows that a frame came undamaged, of `kind: frame`; of `slip` and `cobs` it is last in each frame, and taken off.',
  },
);

const stuffingOptions = Type.Object(
  {
    escape: hex('The byte that says that the next one was changed.', '7d'),
    xor: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 255, description: 'Which of its bits were turned over. Unset: 32.' }),
    ),
  },
  {
    additionalProperties: false,
    description:
      'How start and end bytes inside a frame of `kind: frame` are hidden. All other offsets count once that is undone. SHDLC: `{ escape: 7d }`.',
  },
);

/** How a stream of bytes is cut into frames: what a profile says under `framing`. */
export const framingOptions = Type.Object(
  {
    kind: Type.Union(
      [
        Type.Literal('lines'),
        Type.Literal('slip'),
        Type.Literal('cobs'),
        Type.Literal('frame'),
        Type.Literal('telegram'),
        Type.Literal('sml'),
        Type.Literal('nmea'),
        Type.Literal('meshtastic'),
        Type.Literal('firmata'),
        Type.Literal('silence'),
      ],
      {
        description:
          'How a frame is told from the next one. `lines`: by line ends, of any kind; `slip` (RFC 1055) and `cobs`: by a byte that can be nowhere else; `frame`: by start bytes and a length, size or end bytes; `telegram`: from `/` to `!` (DSMR P1, IEC 62056-21); `sml`; `nmea`: sentences from `$` or `!`; `meshtastic`; `firmata`; `silence`: by pauses, as in Modbus RTU.',
      },
    ),
    max: Type.Optional(
      count({
        maximum: 65536,
        description:
          'The size of the largest frame in bytes; what is longer is discarded. Unset: what the kind allows.',
      }),
    ),
    start: Type.Optional(
      oneOrMore(hex('Bytes as hexadecimal digits.', '42 4d'), {
        description: 'The bytes with which a frame of `kind: frame` begins, or several such beginnings.',
        examples: ['42 4d'],
      }),
    ),
    end: Type.Optional(
      hex(
        'The bytes with which a frame of `kind: frame` ends; the one byte that ends a line where no line end does.',
        'ab',
      ),
    ),
    tail: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 64,
        description:
          'How many bytes still belong to a frame of `kind: frame` behind its end bytes. VE.Direct: 1, its checksum.',
      }),
    ),
    size: Type.Optional(
      count({ maximum: 4096, description: 'The size in bytes of frames of `kind: frame` that all have the same.' }),
    ),
    length: Type.Optional(lengthOptions),
    checksum: Type.Optional(checksumOptions),
    stuffing: Type.Optional(stuffingOptions),
    partial: Type.Optional(
      Type.Boolean({
        description:
          'Of `kind: telegram`: pass on what is left of a telegram whose beginning was missed. Unset: false, it is discarded.',
      }),
    ),
  },
  { additionalProperties: false, description: 'How the bytes of a serial port are cut into frames.' },
);

export type FramingOptions = Static<typeof framingOptions>;
export type LengthOptions = NonNullable<FramingOptions['length']>;
export type ChecksumOptions = NonNullable<FramingOptions['checksum']>;
export type ChecksumKind = ChecksumOptions['kind'];
