import { type Static, Type } from 'typebox';
import { count, duration, oneOrMore } from '../../lib/option-types.ts';
import { byName, optional, text, words } from './option-types.ts';

// What a profile says of a serial line, beside its framing.

const written = (what: string) => ({
  text: optional(text(`${what} as text. \`{number}\` is the number that the frame has.`, ['ACK{number}\r\n'])),
  hex: optional(
    Type.String({
      pattern: '^(?:(?:[0-9a-fA-F]{2}|\\{number\\}) ?)+$',
      maxLength: 600,
      description: 'Or its bytes as hexadecimal digits, with `{number}` too.',
      examples: ['06'],
    }),
  ),
});

const acknowledgeOptions = Type.Object(
  {
    ...written('What is sent'),
    when: optional(text('Which frames the device wants it for: a regular expression (RE2). Unset: all.')),
    number: optional(
      Type.Object(
        {
          at: Type.Integer({
            minimum: -256,
            maximum: 255,
            description: 'Its offset in bytes; negative: from the end.',
          }),
          length: count({ maximum: 8, default: 1, description: 'How many bytes it has.' }),
        },
        {
          description:
            'Where a frame has a number that changes with each new one. The same bytes again are then the same frame, whenever they come.',
        },
      ),
    ),
    again: duration({
      default: '30s',
      description:
        'Frames without a number: the same bytes directly after, within this time, are the same frame, sent again as its acknowledgement got lost.',
    }),
    refuse: optional(
      Type.Object(written('What is sent for a damaged frame'), {
        description: 'What has the device send a damaged frame again.',
      }),
    ),
    signals: optional(
      byName<string>(
        { type: 'string', pattern: '^(?:[0-9a-fA-F]{2} ?)*$', maxLength: 48 },
        'Single bytes between frames that are no data, as hexadecimal digits, and what each one is answered with: nothing, or bytes. ASTM E1381 asks with 05, and ends with 04.',
        [{ '05': '06', '04': '' }],
      ),
    ),
  },
  {
    description:
      'For devices that send a frame again until they hear that it was taken: they hear so when its record is durable.',
  },
);

export const serialOptions = Type.Object(
  {
    baud: oneOrMore(count({ maximum: 4_000_000, description: 'Bits a second.' }), {
      description: 'The speed of the line, or the usual ones, the likeliest first.',
      examples: [9600],
    }),
    format: Type.String({
      default: '8N1',
      pattern: '^[5-8][NEO][12]$',
      description:
        'Data bits, parity (none, even, odd) and stop bits; `"7E1"` in quotes, as YAML takes it for a number.',
      examples: ['8N1', '7E1'],
    }),
    acknowledge: optional(acknowledgeOptions),
  },
  { description: "The line's settings, for devices on a serial port." },
);

export const pollOptions = Type.Object({
  request: optional(text('What is sent, as text.', ['/?!\r\n'])),
  requestHex: optional(
    Type.String({ pattern: '^(?:[0-9a-fA-F]{2} ?)+$', maxLength: 600, description: 'Or as hexadecimal digits.' }),
  ),
  handshake: optional(
    words(
      ['iec-62056-21'],
      'Or `iec-62056-21`: a meter is asked who it is at 300 baud, and read at the speed that it proposes (modes A, B and C). One that reports by itself is not asked.',
    ),
  ),
  address: optional(
    Type.String({
      pattern: '^[0-9A-Za-z ]{1,32}$',
      description: "With `handshake`: the meter's address, where several are on one line.",
    }),
  ),
  every: duration({ default: '10s', description: 'How often.' }),
  timeout: duration({ default: '2s', description: 'How long an answer may take.' }),
});

export type AcknowledgeOptions = Static<typeof acknowledgeOptions>;
export type PollOptions = Static<typeof pollOptions>;
