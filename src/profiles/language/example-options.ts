import { type Static, Type } from 'typebox';
import { byName, kinds, optional, type Scalar, scalar, text, words } from './option-types.ts';

const hexPairs = '^([0-9a-fA-F]{2}[ ]?)*$';

export const exampleOptions = Type.Object({
  about: optional(text('What it shows.')),
  source: text('Where it is from, so that anybody can look it up: project and file, or page.'),
  topic: optional(text('The topic it came on.')),
  payload: optional(Type.String({ description: 'The payload as text.' })),
  payloadHex: optional(Type.String({ pattern: hexPairs, description: 'Or as hexadecimal digits.' })),
  requestHex: optional(
    Type.String({
      pattern: hexPairs,
      description: 'Of a Modbus device: what was asked, with its CRC. The payload is then the answer.',
    }),
  ),
  after: optional(
    Type.Array(
      Type.Object({
        topic: text('Its topic.'),
        payload: optional(Type.String()),
        payloadHex: optional(Type.String()),
      }),
      { description: 'Messages that come before it.' },
    ),
  ),
  kind: optional(words([...kinds, 'duplicate', 'failed'], 'What it turns out to be. Default: `measurement`.')),
  gives: optional(
    byName<Scalar>(
      scalar,
      'Fields, each with its value and unit: `20.6 Cel`. All of them, unless `more` says otherwise. Text that looks like a number stands in double quotes inside.',
    ),
  ),
  more: optional(Type.Boolean({ description: 'There are more fields than `gives` tells.' })),
  device: optional(text("The device's id.")),
  online: optional(Type.Boolean({ description: 'Whether the device is there.' })),
  time: optional(text("The measurement's time, as 2026-11-25T16:00:00Z.")),
  attributes: optional(byName<Scalar>(scalar, 'What it tells of the device.')),
  command: optional(text('Instead of a message: a command of the device, by name. A payload is then its answer.')),
  value: optional(Type.Unsafe<Scalar>({ ...scalar, description: 'What is asked for; an object as its JSON.' })),
  publishes: optional(
    Type.Object(
      { topic: text('The topic.'), payload: Type.String({ description: 'The payload.' }) },
      {
        description:
          'What the command publishes. The names in its topic are those of `topic`, where the device was heard.',
      },
    ),
  ),
  sends: optional(text('What it sends over a serial line, as text.')),
  sendsHex: optional(
    Type.String({
      pattern: hexPairs,
      description:
        'Or as hexadecimal digits; of a Modbus device the request over a serial line, from the unit to the CRC.',
    }),
  ),
  refused: optional(text('Why the command is refused.')),
  answers: optional(words(['done', 'failed', 'nothing'], 'What the answer says of the command.')),
});

export type ExampleOptions = Static<typeof exampleOptions>;
