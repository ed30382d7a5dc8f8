import { type Static, Type } from 'typebox';
import { duration, oneOrMore } from '../../lib/option-types.ts';
import { byteOrder, numberType } from '../binary/options.ts';
import { checksumKind } from '../framing/options.ts';
import { byName, optional, type Scalar, scalar, text, words } from './option-types.ts';

// What a profile says of commands: how each one is told to the device, over MQTT, a serial line or Modbus.

const closed = { additionalProperties: false };
const hexDigits = (description: string, example: string) =>
  Type.String({ pattern: '^(?:[0-9a-fA-F]{2} ?)+$', maxLength: 600, description, examples: [example] });

const writeOptions = Type.Object(
  {
    table: optional(words(['coil', 'holding'], 'Where it is written: a `coil` or `holding` registers, the default.')),
    address: Type.Integer({ minimum: 0, maximum: 65535, description: 'Its address as it is sent, from 0 on.' }),
    type: optional(numberType),
    order: optional(byteOrder),
    length: optional(
      Type.Integer({ minimum: 1, maximum: 246, description: 'How many bytes `bcd`, `text` or `hex` has.' }),
    ),
    scale: optional(Type.Number({ description: 'As of a register: the value is divided by it before it is written.' })),
    offset: optional(Type.Number({ description: 'As of a register: this is taken off before.' })),
    words: optional(byName<Scalar>(scalar, 'As of a register, what numbers mean.', [{ 0: 'off', 1: 'on' }])),
  },
  { ...closed, description: 'For Modbus: where it is written, if no register has it.' },
);

const sentChecksum = Type.Object(
  {
    kind: checksumKind,
    from: optional(Type.Integer({ minimum: 0, maximum: 64, description: 'The first byte that it covers. Unset: 0.' })),
    to: optional(
      Type.Integer({
        minimum: -64,
        maximum: 1024,
        description: 'The byte behind the last one that it covers; negative: before the checksum. Unset: the checksum.',
      }),
    ),
    order: optional(words(['big', 'little'], 'Which byte comes first, if not as is usual for its kind.')),
  },
  {
    ...closed,
    description: 'What `{checksum}` stands for, in `send` as hexadecimal digits; without `{checksum}` it comes last.',
  },
);

const recognised = {
  pattern: optional(text('A regular expression (RE2) that is found in the frame as text.', ['^OK'])),
  text: optional(text('Or the text that the frame begins with.')),
  hex: optional(hexDigits('Or the bytes that it begins with, as hexadecimal digits.', 'aa c5 02')),
};

const answerOptions = Type.Object(
  {
    ...recognised,
    failed: optional(
      Type.Object(recognised, {
        ...closed,
        description: 'The frame that says no. The group `reason` of the pattern is why.',
      }),
    ),
    timeout: duration({ default: '2s', description: 'How long it may take.' }),
  },
  {
    ...closed,
    description:
      'The frame that says that it was done. Without `answer` nobody knows: the command then ends as `unknown`.',
  },
);

export const commandOptions = Type.Object({
  name: text('What it is called.'),
  about: optional(text('What it does.')),
  topic: optional(
    text('For MQTT: where it is published; `{device}` and other names as in the topics above.', [
      'cmnd/{device}/POWER',
    ]),
  ),
  payload: Type.String({ default: '{value}', description: 'What is published; `{value}` is what was asked for.' }),
  register: optional(text('For Modbus: the name of the register or coil that it is written to.')),
  write: optional(writeOptions),
  function: optional(
    words(
      ['single', 'multiple'],
      'How it is written over Modbus: function 5 or 6, or 15 or 16. Unset: `single` for what takes one coil or register.',
    ),
  ),
  send: optional(
    Type.String({
      minLength: 1,
      maxLength: 500,
      description:
        'For a serial line: the text that is sent. `{value}` is what was asked for; when that is an object, `{name}` is what it has there.',
      examples: ['10;{protocol};{id};{switch};{state};\r\n'],
    }),
  ),
  sendHex: optional(
    Type.String({
      pattern: '^(?:(?:[0-9a-fA-F]{2}|\\{value\\}|\\{checksum\\}) ?)+$',
      maxLength: 600,
      description: 'Or its bytes as hexadecimal digits, with `{value}` for those of the value.',
      examples: ['aa b4 06 01 {value} {checksum} ab'],
    }),
  ),
  type: optional(numberType),
  order: optional(byteOrder),
  length: optional(
    Type.Integer({
      minimum: 1,
      maximum: 255,
      description: 'How many bytes a `bcd`, `text` or `hex` in `sendHex` has.',
    }),
  ),
  checksum: optional(sentChecksum),
  answer: optional(answerOptions),
  values: optional(oneOrMore(Type.Unsafe<Scalar>(scalar), { description: 'What may be asked for.' })),
  range: optional(Type.Array(Type.Number(), { minItems: 2, maxItems: 2, description: 'Or numbers from, to.' })),
  words: optional(byName<Scalar>(scalar, 'What is published or sent instead of it.', [{ true: 'ON', false: 'OFF' }])),
});

export type CommandOptions = Static<typeof commandOptions>;
export type WriteOptions = NonNullable<CommandOptions['write']>;
export type AnswerOptions = NonNullable<CommandOptions['answer']>;
