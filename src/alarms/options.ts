import { type Static, Type } from 'typebox';
import { count, duration } from '../lib/option-types.ts';

type Given = { readonly severity: 'info' | 'warning' | 'critical'; readonly for: string; readonly about: string };

/** What every built-in one has. */
const builtIn = ({ severity, for: usual, about }: Given) => ({
  enabled: Type.Boolean({ default: true, description: `Raise an alarm ${about}` }),
  severity: Type.Union([Type.Literal('info'), Type.Literal('warning'), Type.Literal('critical')], {
    default: severity,
    description: 'How much it matters.',
  }),
  for: duration({ default: usual, description: 'How long it has to be so before it is raised.' }),
});
const share = (description: string, usual: number) =>
  Type.Number({ minimum: 0, maximum: 1, default: usual, description });

export const builtInOptions = Type.Object({
  deviceSilent: Type.Object(
    builtIn({
      ...{ severity: 'warning', for: '1m' },
      about:
        'when a device is `stale` or `offline`: silent for three times as long as is usual for it, or said to be gone.',
    }),
  ),
  bufferFilling: Type.Object({
    ...builtIn({
      severity: 'warning',
      for: '1m',
      about: 'when what waits for the collector takes much of the buffer.',
    }),
    above: share(
      'The part of `buffer.maxBytes`, or of what its disk has room for if that is less, from which on it is raised.',
      0.8,
    ),
  }),
  bufferFull: Type.Object(
    builtIn({
      severity: 'critical',
      for: '30s',
      about: 'when the buffer or its disk is full, and messages wait at their source or are refused.',
    }),
  ),
  uplinkDown: Type.Object(
    builtIn({ severity: 'warning', for: '5m', about: 'when records do not reach the collector.' }),
  ),
  diskSpace: Type.Object({
    ...builtIn({ severity: 'critical', for: '1m', about: 'when the file system of `dataDir` has little room left.' }),
    below: share('The free part of it below which it is raised.', 0.1),
  }),
  diskFailing: Type.Object(builtIn({ severity: 'critical', for: '30s', about: 'when the disk refuses records.' })),
  power: Type.Object(
    builtIn({
      severity: 'warning',
      for: '0s',
      about: 'when a Raspberry Pi has too little voltage or slows down for it or its heat.',
    }),
  ),
  temperature: Type.Object({
    ...builtIn({ severity: 'warning', for: '1m', about: 'when the processor is hot.' }),
    above: Type.Number({
      minimum: 0,
      maximum: 150,
      default: 80,
      description: 'The temperature above which it is raised, in °C.',
    }),
  }),
  clock: Type.Object(
    builtIn({ severity: 'warning', for: '15m', about: 'when nothing is known to keep the clock right.' }),
  ),
  certificate: Type.Object({
    ...builtIn({
      severity: 'warning',
      for: '1m',
      about: 'when a certificate of a listener or of the uplink ends soon.',
    }),
    before: duration({ default: '14d', description: 'So long before its end it is raised.' }),
  }),
  settings: Type.Object(
    builtIn({
      severity: 'warning',
      for: '0s',
      about: 'when something in the settings on the card of an appliance is wrong, and was left out.',
    }),
  ),
  update: Type.Object(
    builtIn({
      severity: 'warning',
      for: '0s',
      about: 'when an appliance has gone back to the version before, until a later one stays.',
    }),
  ),
  sources: Type.Object(
    builtIn({
      severity: 'warning',
      for: '5m',
      about: 'when a serial port, Modbus bus or bridge that is configured is not heard.',
    }),
  ),
});
export type BuiltInOptions = Static<typeof builtInOptions>;

export const alarmsOptions = Type.Object({
  maxOpen: count({
    default: 5000,
    maximum: 100_000,
    description:
      'Alarms that are not over, those that are to be raised soon included. Beyond it no more begin; they are counted.',
  }),
  keepHistory: count({
    default: 1000,
    minimum: 0,
    maximum: 20_000,
    description: 'Alarms that are over and are kept to be looked at. Each goes to the collector as well, as a record.',
  }),
  builtIn: builtInOptions,
  webhook: Type.Object({
    url: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 2000,
        description:
          'An address that is called (POST, JSON) each time an alarm is raised, acknowledged or over. Unset: none is.',
        examples: ['https://example.org/alarms'],
      }),
    ),
    secretFile: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'File with a secret by which calls are signed (`x-headgate-signature`); `credential:NAME` is one that systemd hands over (LoadCredential=).',
      }),
    ),
    secret: Type.Optional(
      Type.String({ description: 'The same secret itself; a file is better.', secret: true, minLength: 1 }),
    ),
    timeout: duration({ default: '10s', description: 'How long an answer may take.' }),
    maxQueued: count({
      default: 1000,
      maximum: 5000,
      description: 'Calls that may wait; beyond it the oldest is given up, and counted.',
    }),
    giveUpAfter: duration({
      default: '1h',
      description: 'How long a call is tried again, before it is given up and counted.',
    }),
  }),
});
export type AlarmsOptions = Static<typeof alarmsOptions>;
