import { type Static, Type } from 'typebox';
import { count } from '../lib/option-types.ts';

export const decodeOptions = Type.Object({
  deviceTopics: Type.Array(Type.String(), {
    default: [],
    description:
      'How a device is named by its topic: patterns with one `{device}` level, `+` and a last `#`; the first that matches counts. A topic that none matches is a device of its own, named by the whole topic.',
    examples: [['sensors/{device}/#', 'site/+/{device}/state']],
  }),
  maxDepth: count({ default: 8, maximum: 32, description: 'How deep JSON may nest; deeper payloads are kept raw.' }),
  maxFields: count({
    default: 200,
    maximum: 5000,
    description: 'Fields of one message; payloads with more are kept raw.',
  }),
});
export type DecodeOptions = Static<typeof decodeOptions>;
