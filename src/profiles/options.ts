import { type Static, Type } from 'typebox';
import { bytes, count } from '../lib/option-types.ts';

export const decodeOptions = Type.Object({
  deviceTopics: Type.Array(Type.String(), {
    default: [],
    description:
      'How a device is named by its topic: patterns with one `{device}` level, `+` and a last `#`; the first that matches counts. A topic that none matches is a device of its own, named by the whole topic.',
    examples: [['sensors/{device}/#', 'site/+/{device}/state']],
  }),
  maxDepth: count({ default: 8, maximum: 32, description: 'How deep JSON may nest; deeper payloads are kept raw.' }),
  profiles: Type.Boolean({
    default: true,
    description: 'Whether messages are decoded by device profiles. Without them only the general rules hold.',
  }),
  profileDirs: Type.Array(Type.String(), {
    default: [],
    description:
      'Directories with device profiles of your own, `<vendor>/<model>.yaml`. One with the name of a built-in profile replaces it. Behind these, those that were made in the dashboard are read, from `profiles` under the data directory.',
    examples: [['/etc/headgate/devices.d']],
  }),
  maxBytes: bytes({ default: '1MiB', description: 'Payloads that are larger are kept raw, and not decoded.' }),
  maxFields: count({
    default: 200,
    maximum: 5000,
    description: 'Fields of one message; payloads with more are kept raw.',
  }),
});
export type DecodeOptions = Static<typeof decodeOptions>;
