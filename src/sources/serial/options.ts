import { type Static, Type } from 'typebox';
import { count } from '../../lib/option-types.ts';

const serialPortOptions = Type.Object(
  {
    name: Type.String({
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
      description:
        'What the port is called: the topic of its records, and its name in the status. Letters, digits, `.`, `_` and `-`.',
      examples: ['dust'],
    }),
    path: Type.String({
      pattern: '^/.',
      description: 'Its device node. One under /dev/serial/by-id stays the same wherever the device is plugged in.',
      examples: ['/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0'],
    }),
    profile: Type.String({
      pattern: '^[^/]+/[^/]+$',
      description: 'The profile of the device on it, which says how its frames are told apart and what they mean.',
      examples: ['plantower/pms5003'],
    }),
    baud: Type.Optional(
      count({
        maximum: 4_000_000,
        description:
          'Bits a second. Unset: the likeliest that the profile names, and when there is only noise for half a minute, the next one; 9600 if it names none.',
      }),
    ),
    format: Type.Optional(
      Type.String({
        pattern: '^[5-8][NEO][12]$',
        description: 'Data bits, parity and stop bits: `8N1`, or `"7E1"` in quotes. Unset: what the profile says.',
        examples: ['8N1'],
      }),
    ),
    flowControl: Type.Optional(
      Type.Union([Type.Literal('none'), Type.Literal('hardware'), Type.Literal('software')], {
        description:
          'How the device is told to wait: `hardware` (RTS and CTS), `software` (XON and XOFF), or `none`, the default.',
      }),
    ),
  },
  { additionalProperties: false },
);

export const serialOptions = Type.Object({
  ports: Type.Array(serialPortOptions, {
    default: [],
    description: 'Serial ports to read from.',
    examples: [
      [{ name: 'dust', path: '/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0', profile: 'plantower/pms5003' }],
    ],
  }),
  maxInFlight: count({
    default: 256,
    maximum: 65_535,
    description: 'Frames of one port that may wait for the disk before no more is read from it.',
  }),
});

export type SerialPortOptions = Static<typeof serialPortOptions>;
export type SerialOptions = Static<typeof serialOptions>;
