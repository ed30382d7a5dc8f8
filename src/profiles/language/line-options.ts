import { Type } from 'typebox';
import { count, duration, oneOrMore } from '../../lib/option-types.ts';
import { optional, text } from './option-types.ts';

// What a profile says of a serial line, beside its framing.

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
  },
  { description: "The line's settings, for devices on a serial port." },
);

export const pollOptions = Type.Object({
  request: optional(text('What is sent, as text.', ['/?!\r\n'])),
  requestHex: optional(
    Type.String({ pattern: '^(?:[0-9a-fA-F]{2} ?)+$', maxLength: 600, description: 'Or as hexadecimal digits.' }),
  ),
  every: duration({ default: '10s', description: 'How often.' }),
  timeout: duration({ default: '2s', description: 'How long an answer may take.' }),
});
