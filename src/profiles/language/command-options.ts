import { type Static, Type } from 'typebox';
import { oneOrMore } from '../../lib/option-types.ts';
import { byName, optional, type Scalar, scalar, text } from './option-types.ts';

export const commandOptions = Type.Object({
  name: text('What it is called.'),
  about: optional(text('What it does.')),
  topic: text('Where it is published; `{device}` and other names as in the topics above.'),
  payload: Type.String({ default: '{value}', description: 'What is published; `{value}` is what was asked for.' }),
  values: optional(oneOrMore(Type.Unsafe<Scalar>(scalar), { description: 'What may be asked for.' })),
  range: optional(Type.Array(Type.Number(), { minItems: 2, maxItems: 2, description: 'Or numbers from, to.' })),
  words: optional(byName<Scalar>(scalar, 'What is published instead of it.', [{ true: 'ON', false: 'OFF' }])),
});

export type CommandOptions = Static<typeof commandOptions>;
