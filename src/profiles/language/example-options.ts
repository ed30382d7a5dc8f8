import { type Static, Type } from 'typebox';
import { byName, kinds, optional, type Scalar, scalar, text, words } from './option-types.ts';

export const exampleOptions = Type.Object({
  about: optional(text('What it shows.')),
  source: text('Where it is from, so that anybody can look it up: project and file, or page.'),
  topic: optional(text('The topic it came on.')),
  payload: optional(Type.String({ description: 'The payload as text.' })),
  payloadHex: optional(Type.String({ pattern: '^([0-9a-fA-F]{2}[ ]?)*$', description: 'Or as hexadecimal digits.' })),
  requestHex: optional(
    Type.String({
      pattern: '^([0-9a-fA-F]{2}[ ]?)*$',
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
});

export type ExampleOptions = Static<typeof exampleOptions>;
