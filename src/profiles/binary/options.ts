import { type Static, Type } from 'typebox';

const offset = (description: string) => Type.Integer({ minimum: -65536, maximum: 65535, description });

/** Types of numbers in bytes, shared by binary frames and Modbus registers. */
export const numberType = Type.Union(
  [
    Type.Literal('uint8'),
    Type.Literal('int8'),
    Type.Literal('uint16'),
    Type.Literal('int16'),
    Type.Literal('uint24'),
    Type.Literal('int24'),
    Type.Literal('uint32'),
    Type.Literal('int32'),
    Type.Literal('uint64'),
    Type.Literal('int64'),
    Type.Literal('float32'),
    Type.Literal('float64'),
    Type.Literal('bcd'),
    Type.Literal('text'),
    Type.Literal('hex'),
  ],
  {
    description:
      "What the bytes are: `uint8` to `uint64`, `int8` to `int64` (negative by two's complement), `float32`, `float64` (IEEE 754; NaN is no value), `bcd` (two digits in each byte), `text` or `hex`.",
  },
);

export const byteOrder = Type.Union(
  [
    Type.Literal('big'),
    Type.Literal('little'),
    Type.Literal('ABCD'),
    Type.Literal('DCBA'),
    Type.Literal('CDAB'),
    Type.Literal('BADC'),
  ],
  {
    description:
      'The order of the bytes: `big` (also `ABCD`) has the high ones first, `little` (`DCBA`) the low ones; `CDAB` has the low word first and `BADC` the bytes of each word swapped, as Modbus devices do. Unset: `big`.',
  },
);

export const binaryValueOptions = Type.Object(
  {
    at: offset('Where the value begins, from the first byte of the frame on; negative: from its end.'),
    type: numberType,
    order: Type.Optional(byteOrder),
    length: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1024, description: 'How many bytes `bcd`, `text` or `hex` has.' }),
    ),
    mask: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: Number.MAX_SAFE_INTEGER,
        description:
          'Which bits of a whole number belong to the value, moved down to the lowest: 0x70 makes 0 to 7 of them.',
      }),
    ),
    when: Type.Optional(
      Type.Object(
        {
          at: Type.Optional(offset('Where bytes have to be the given ones; negative: from the end.')),
          equals: Type.Optional(
            Type.String({
              pattern: '^(?:[0-9a-fA-F]{2} ?)+$',
              maxLength: 48,
              description: 'Those bytes, as hexadecimal digits.',
              examples: ['01'],
            }),
          ),
          length: Type.Optional(
            Type.Integer({ minimum: 0, maximum: 65536, description: 'How long the whole frame has to be.' }),
          ),
        },
        {
          additionalProperties: false,
          description: 'Which frames have the value: all that is said here must hold. Unset: every frame.',
        },
      ),
    ),
  },
  { additionalProperties: false, description: 'A value in a frame of bytes.' },
);

/** One value in a frame, as it is configured. */
export type BinaryValueOptions = Static<typeof binaryValueOptions>;
export type NumberType = Static<typeof numberType>;
export type ByteOrder = Static<typeof byteOrder>;
