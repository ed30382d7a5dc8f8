import { type Static, Type } from 'typebox';
import { count, duration } from '../../lib/option-types.ts';

const name = (about: { description: string; examples: string[] }) =>
  Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$', ...about });

const unitOptions = Type.Object(
  {
    unit: Type.Integer({
      minimum: 0,
      maximum: 255,
      description: 'Its address on the bus: 1 to 247, over TCP also 0 and 248 to 255.',
    }),
    name: Type.Optional(
      name({
        description: 'What it is called in the topic of its records, in place of its address.',
        examples: ['heat-pump-meter'],
      }),
    ),
    profile: Type.String({
      pattern: '^[^/]+/[^/]+$',
      description: 'The profile of the device, which has its registers.',
      examples: ['eastron/sdm630'],
    }),
    every: Type.Optional(duration({ description: 'How often it is read. Unset: as often as its profile says.' })),
  },
  { additionalProperties: false },
);

const busOptions = Type.Object(
  {
    name: name({
      description:
        'What the bus is called: its name in the status, and the first level of the topics `BUS/UNIT`. Letters, digits, `.`, `_` and `-`.',
      examples: ['meters'],
    }),
    path: Type.Optional(
      Type.String({
        pattern: '^/.',
        description: 'The device node of the serial port that the bus is on (Modbus RTU), as under `serial.ports`.',
        examples: ['/dev/serial/by-id/usb-FTDI_USB-RS485-if00-port0'],
      }),
    ),
    host: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Or: where the devices are reached (Modbus TCP).',
        examples: ['10.0.0.9'],
      }),
    ),
    port: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65_535, description: 'The TCP port at `host`. Default 502.' }),
    ),
    framing: Type.Optional(
      Type.Union([Type.Literal('tcp'), Type.Literal('rtu')], {
        description:
          'How `host` is spoken to: `tcp` (Modbus TCP, the default), or `rtu`, for an adapter that passes on the bytes of a serial line as they are.',
      }),
    ),
    baud: Type.Optional(
      count({
        maximum: 4_000_000,
        description: 'Bits a second on the serial line. Unset: what the first profile names, else 9600.',
      }),
    ),
    format: Type.Optional(
      Type.String({
        pattern: '^[78][NEO][12]$',
        description:
          'Data bits, parity and stop bits of the line: `8N1`, or `"8E1"`. Unset: what the first profile says.',
        examples: ['8N1'],
      }),
    ),
    timeout: duration({
      default: '1s',
      description:
        'How long an answer may take to begin. A device that does not answer costs the bus this much each time.',
    }),
    retries: count({
      default: 1,
      minimum: 0,
      maximum: 10,
      description: 'How often a request is made again at once, when no answer or a damaged one came.',
    }),
    delay: duration({
      default: '0s',
      description:
        'How long the line is left silent before each request, beyond the 3.5 characters that Modbus asks for; some devices need it.',
    }),
    units: Type.Array(unitOptions, { minItems: 1, maxItems: 256, description: 'The devices on the bus.' }),
  },
  { additionalProperties: false },
);

export const modbusSourceOptions = Type.Object({
  buses: Type.Array(busOptions, {
    default: [],
    description: 'Modbus buses, each a serial line or a TCP server with devices that are read from.',
    // With what has a default left out.
    examples: [
      [
        {
          name: 'meters',
          path: '/dev/serial/by-id/usb-FTDI_USB-RS485-if00-port0',
          units: [{ unit: 1, profile: 'eastron/sdm630' }],
        } as never,
      ],
    ],
  }),
  maxInFlight: count({
    default: 256,
    maximum: 65_535,
    description: 'Answers of one bus that may wait for the disk before nothing more is read from it.',
  }),
});

export type ModbusUnitOptions = Static<typeof unitOptions>;
export type ModbusBusOptions = Static<typeof busOptions>;
export type ModbusSourceOptions = Static<typeof modbusSourceOptions>;
