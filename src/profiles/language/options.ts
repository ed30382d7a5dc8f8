import { type Static, Type } from 'typebox';
import { duration, oneOrMore } from '../../lib/option-types.ts';
import { byteOrder, type NumberType } from '../binary/options.ts';
import { framingOptions } from '../framing/options.ts';
import { modbusOptions } from '../modbus/options.ts';
import { commandOptions } from './command-options.ts';
import { exampleOptions } from './example-options.ts';
import { pollOptions, serialOptions } from './line-options.ts';
import { byName, kinds, optional, type Scalar, scalar, text, words } from './option-types.ts';

// The profile language: what a file under devices/ may say. `npm run generate` writes it as JSON Schema for editors,
// devices/profile.schema.json.

const path = 'Names of keys from the outside to the inside, joined by dots; list items by their number: `rx.0.rssi`.';

const numberTypes = [
  ...(['uint8', 'int8', 'uint16', 'int16', 'uint24', 'int24', 'uint32', 'int32', 'uint64', 'int64'] as const),
  ...(['float32', 'float64', 'bcd', 'hex'] as const),
] satisfies readonly NumberType[];

const matchOptions = Type.Object(
  {
    topic: optional(
      oneOrMore(text('A topic.'), {
        description:
          'Topics of such messages. `{name}` takes one level and gives it a name to be used below, `{name...}` one or more levels; `+` and a last `#` are as in MQTT.',
        examples: ['tele/{device}/SENSOR'],
      }),
    ),
    keys: optional(
      oneOrMore(text(path), { description: 'What a JSON payload has to hold for the device to be recognised by it.' }),
    ),
    pattern: optional(text('A regular expression (RE2) that the payload, as text, has to match to be recognised.')),
    confidence: optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description:
          'How sure it is, from 0 to 1, that a message that matches is from such a device. From 0.9 on it is taken without asking. Without it, the message belongs to a device that was recognised by another one.',
      }),
    ),
    reason: optional(text('Why, in words: the rest of "This looks like NAME: …".')),
  },
  { description: 'By what such a message is told. For serial devices it is left out.' },
);

const timeOptions = Type.Object(
  {
    path: oneOrMore(text(path), { description: 'Where the time stands; the first that can be read counts.' }),
    format: Type.Unsafe<TimeFormat>({
      anyOf: ['auto', 'iso', 'unix', 'unix-ms', 'unix-us', 'unix-ns'].map((one) => ({ type: 'string', const: one })),
      default: 'auto',
      description:
        '`iso`: 2026-11-25T16:00:00+01:00, also with a space for the T, or the + of a web address. `unix`: seconds since 1970, `unix-ms` and so on finer. `auto`: tells by the look.',
    }),
    zone: optional(
      text(
        'The time zone of times that name none: `UTC`, `+01:00` or `Europe/Amsterdam`. Without it such a time is not used, and the time of arrival is.',
        ['Europe/Amsterdam'],
      ),
    ),
  },
  { description: "The device's own time of the measurement. One before 2000 is a clock that was never set: not used." },
);
export type TimeFormat = 'auto' | 'iso' | 'unix' | 'unix-ms' | 'unix-us' | 'unix-ns';

const fieldOptions = Type.Object({
  path: optional(
    text(`${path} \`*\` stands for any text without a dot, \`**\` for any text. For binary messages see \`at\`.`, [
      '*.Temperature',
    ]),
  ),
  at: optional(Type.Integer({ description: 'Of a binary message: the offset in bytes; negative: from the end.' })),
  type: optional(
    words(
      ['number', 'integer', 'boolean', 'text', ...numberTypes],
      'What the value is: `number`, `integer`, `boolean` or `text`, read from text if need be; in a binary message how it is written: `uint8` to `uint64`, `int8` to `int64`, `float32`, `float64`, `bcd`, `text`, `hex`.',
    ),
  ),
  order: optional(byteOrder),
  length: optional(
    Type.Integer({ minimum: 1, maximum: 1024, description: 'How many bytes `bcd`, `text` or `hex` has.' }),
  ),
  mask: optional(
    Type.Integer({
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'Which bits of a whole number in a binary message belong to the value: 0x70 makes 0 to 7 of them.',
    }),
  ),
  name: optional(
    text(
      'What the field is called. `{1}` is what the first `*` stands for, `{name}` what the topic gave. Without it: the path.',
    ),
  ),
  unit: optional(text('Unit code: SenML where it has one (`Cel`, `%RH`, `hPa`), or the usual symbol.', ['Cel'])),
  unitFrom: optional(
    Type.Object({
      path: text('Where the message itself names the unit.'),
      words: optional(byName<string>({ type: 'string' }, 'What its words mean.', [{ C: 'Cel', F: 'degF' }])),
    }),
  ),
  scale: optional(Type.Number({ description: 'The value is multiplied by it.' })),
  offset: optional(Type.Number({ description: 'Then this is added.' })),
  range: optional(
    Type.Array(Type.Number(), { minItems: 2, maxItems: 2, description: 'What it can be; beyond, it is left out.' }),
  ),
  except: optional(
    oneOrMore(Type.Unsafe<Scalar>(scalar), { description: 'Values, as sent, that mean "no value": `[-999, 998]`.' }),
  ),
  words: optional(byName<Scalar>(scalar, 'What words or numbers mean.', [{ ON: true, OFF: false }])),
  suffix: optional(
    byName<string>(
      { type: 'string' },
      'What may stand behind the number, and the unit that it means; behind it anything else: no value. A `range` holds for numbers in the unit of the field itself.',
      [{ C: 'Cel', F: 'degF' }],
    ),
  ),
  when: optional(
    byName<Scalar>(
      scalar,
      'Only when the message says this, by path; in a binary one by bytes: `{ at: 4, equals: "01" }`, `{ length: 32 }`.',
    ),
  ),
  drop: optional(Type.Boolean({ description: 'Leave it out.' })),
});

const nestedOptions = Type.Object(
  {
    path: text(path),
    codec: optional(text('The codec for it.', ['cayenne-lpp'])),
    fields: optional(Type.Array(fieldOptions, { description: 'Or what its bytes are: values with `at`.' })),
    order: optional(words(['big', 'little'], 'Byte order of `fields`. Default `big`.')),
    encoding: optional(words(['base64', 'hex'], 'How its bytes are written. Default `base64`.')),
  },
  { description: 'A value that is a message by itself: bytes, or, without `codec` and `fields`, JSON as text.' },
);

const availabilityOptions = Type.Object(
  {
    path: optional(text(`${path} Without it, the whole payload is the word.`)),
    online: oneOrMore(text('A word.'), { description: 'What means that it is there.' }),
    offline: oneOrMore(text('A word.'), { description: 'What means that it is not.' }),
  },
  { description: 'The message tells whether the device is there.' },
);

const deviceOptions = Type.Object(
  {
    id: text(
      'Names the device within its family: text with `{name}` from the topic, a path in the message, or a fixed text in single quotes.',
      ['{device}', '{model}-{id}'],
    ),
    alias: optional(
      text('Another name that its messages go by, when not all carry the id. The two are remembered as one device.'),
    ),
    name: optional(text('The name that people gave it, in the same way.')),
  },
  { description: 'Which device a message is of. Without it, `{device}` of the topic, else the whole topic.' },
);

const formats = ['json', 'jsonlines', 'value', 'text', 'columns', 'keyvalue', 'cbor', 'binary'] as const;

const messageOptions = Type.Object({
  about: optional(text('What it is.')),
  match: optional(matchOptions),
  when: optional(byName<Scalar>(scalar, 'Only when the message says this, by path.', [{ type: 'telemetry' }])),
  holds: optional(oneOrMore(text(path), { description: 'Only when the message has these, by path.' })),
  kind: optional(words(kinds, 'What it is when it is no measurement: it then has no fields.')),
  decode: optional(
    words(
      formats,
      '`json`; `jsonlines`: JSON objects, one a line; `value`: the whole payload is one number, word or text; `text`: by `pattern`; `columns`, `keyvalue`: by `separator`; `cbor`; `binary`: fields with `at`. Default: `json`.',
    ),
  ),
  codec: optional(text('Decodes by a built-in codec instead.', ['sparkplug-b'])),
  pattern: optional(
    text(
      'For `text`: a regular expression (RE2) with named groups, `T=(?<temperature>[-0-9.]+)`. Each match is a measurement. For `keyvalue`, instead of `separator` and `assign`: one with the groups `key` and `value`, whose matches are one measurement. For `binary` whose bytes are written as text: one with the group `bytes`.',
    ),
  ),
  separator: optional(
    Type.String({
      minLength: 1,
      maxLength: 8,
      description:
        'For `columns` and `keyvalue`. Default `,`; of columns, in lines without one, `;` or a tab. With `"\n"` each line is a pair, and all are one measurement.',
    }),
  ),
  encoding: optional(
    words(
      ['utf-8', 'latin-1', 'hex', 'decimal', 'base64'],
      'How text is written. Default `utf-8`; `latin-1` takes any bytes for text. With `binary` and `cbor`: how their bytes are written as text, `2b66`, `43 102` or `K2Y=`.',
    ),
  ),
  assign: optional(
    Type.String({ minLength: 1, maxLength: 8, description: 'For `keyvalue`: between key and value. Default `=`.' }),
  ),
  columns: optional(Type.Array(Type.String(), { description: 'For `columns`: their names, from the left.' })),
  order: optional(words(['big', 'little'], 'Byte order of a binary message. Default `big`.')),
  root: optional(text(`Where in the message the values stand. ${path}`)),
  roots: optional(
    byName<string>(
      { type: 'string' },
      'Instead of `root`, several such places, each with what stands before the names of its values.',
      [{ object: '', rxInfo: 'rxInfo.' }],
    ),
  ),
  nested: optional(nestedOptions),
  each: optional(
    text(
      'A list in the message, each item of which is a measurement by itself; `.` for the message. `devices.*`: what stands under each key of `devices`, `*` under each of the message; `{key}` then names the device.',
    ),
  ),
  as: optional(text('What a bare value is called; `{name}` is what the topic gave. Default: `value`.')),
  prefix: optional(text('Stands before the path of every value: `{component}.`')),
  time: optional(timeOptions),
  device: optional(deviceOptions),
  fields: optional(Type.Array(fieldOptions, { description: 'Values, by path: the first that fits holds.' })),
  rest: optional(
    words(['keep', 'numbers', 'drop'], 'What no field names: all, numbers and booleans, or nothing. Default `keep`.'),
  ),
  words: optional(byName<Scalar>(scalar, 'What words mean, in all fields that do not say it themselves.')),
  attributes: optional(
    byName<string>({ type: 'string', minLength: 1 }, 'What is known of the device itself, by path.', [
      { firmware: 'StatusFWR.Version', battery: 'batt' },
    ]),
  ),
  availability: optional(availabilityOptions),
  events: optional(
    oneOrMore(text(path), { description: 'Values that are something that happened, such as a button: no field.' }),
  ),
  otherwise: optional(words(kinds, 'What it is when nothing of it became a field. Default: `raw`.')),
  once: optional(
    text('Names the message: one that comes again under this name, by another way, is a duplicate.', ['{from}/{id}']),
  ),
  keepPayload: optional(
    Type.Boolean({ description: 'Keep the raw payload too, so that it can be decoded again by a later version.' }),
  ),
});

export const profileOptions = Type.Object({
  name: text('What people call it.'),
  version: Type.Integer({ minimum: 1, description: 'Counts its changes: records say by which one they were decoded.' }),
  family: optional(
    Type.String({
      pattern: '^[a-z][a-z0-9-]*$',
      description:
        'Stands before the ids of its devices: `shelly:`. Profiles of one family name devices in one way. Default: the folder.',
    }),
  ),
  about: optional(text('What it is, for people, or where its messages are documented.')),
  manufacturer: optional(text('Who makes it.')),
  model: optional(text('Which model it is.')),
  icon: optional(text('Icon on the dashboard.', ['thermometer'])),
  chart: optional(Type.Array(text('A field.'), { description: 'What a chart of it shows first.' })),
  silence: optional(duration({ description: 'After so long without a word it is not there. Default: learnt.' })),
  device: optional(deviceOptions),
  serial: optional(serialOptions),
  framing: optional(framingOptions),
  poll: optional(
    Type.Array(pollOptions, {
      description: 'What has to be asked, for devices that only answer; frames that come are the answers.',
    }),
  ),
  modbus: optional(modbusOptions),
  messages: optional(
    Type.Array(messageOptions, {
      minItems: 1,
      description: 'Its messages: the first that a message matches decodes it. Modbus devices have none.',
    }),
  ),
  commands: optional(Type.Array(commandOptions, { description: 'What can be asked of it.' })),
  examples: Type.Array(exampleOptions, {
    minItems: 1,
    description: 'Real messages, and what they become. They are run as tests, and no profile loads without.',
  }),
});

export type ProfileOptions = Static<typeof profileOptions>;
export type MessageOptions = Static<typeof messageOptions>;
export type FieldOptions = Static<typeof fieldOptions>;
export type NestedOptions = Static<typeof nestedOptions>;
export type DeviceOptions = Static<typeof deviceOptions>;
