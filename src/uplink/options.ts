import { type Static, Type } from 'typebox';
import { bytes, count, duration, oneOrMore } from '../lib/option-types.ts';

const planOptions = Type.Object(
  {
    rate: Type.Optional(
      bytes({ description: 'Bytes a second on average, both ways. Unset: no limit.', examples: ['10KB'] }),
    ),
    burst: Type.Optional(
      bytes({
        description: 'Bytes that may go at once after a pause. Unset: ten seconds of `rate`.',
        examples: ['100KB'],
      }),
    ),
    monthly: Type.Optional(
      bytes({
        description: 'Bytes a month, both ways. When they are used up, records wait for the next one. Unset: no limit.',
        examples: ['500MB'],
      }),
    ),
    carryOver: bytes({
      default: '0B',
      description: 'Of what a month left unused, so much at the most goes to the next one.',
    }),
    monthStart: count({ default: 1, maximum: 28, description: 'The day on which a month begins.' }),
    hours: Type.Array(Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d-(([01]\\d|2[0-3]):[0-5]\\d|24:00)$' }), {
      default: [],
      description: 'When records may go, as `22:00-06:00`; several may be named. None: always.',
    }),
    timeZone: Type.Optional(
      Type.String({
        description: "The zone of `hours` and `monthStart`. Unset: the system's.",
        examples: ['Europe/Berlin'],
      }),
    ),
    exempt: Type.Array(Type.Union([Type.Literal('critical'), Type.Literal('normal'), Type.Literal('bulk')]), {
      default: ['critical'],
      description: 'Priorities that the plan counts but never holds back.',
    }),
  },
  { default: {}, description: 'What the link to the collector may carry, when it is metered.' },
);

export const uplinkOptions = Type.Object({
  url: Type.Optional(
    oneOrMore(Type.String({ minLength: 1 }), {
      description:
        'The collector, as `http://HOST:PORT`, or a list of them in order of preference. Unset: the embedded collector.',
      examples: [['http://collector.example.org:50052', 'http://collector2.example.org:50052']],
    }),
  ),
  windowBytes: bytes({
    default: '8MiB',
    description: 'What may be sent and not yet acknowledged; the collector may ask for less.',
  }),
  liveShare: Type.Number({
    minimum: 0,
    maximum: 1,
    default: 0.5,
    description: 'What records that come in while a backlog is sent get of the window and the link, from 0 to 1.',
  }),
  compression: Type.Union([Type.Literal('auto'), Type.Literal('off'), Type.Literal('zstd'), Type.Literal('gzip')], {
    default: 'auto',
    description:
      'How records are compressed on their way. `auto`: zstd or else gzip, as the collector takes it, and not at all when it is on this machine.',
  }),
  plan: planOptions,
  keepalive: duration({ default: '20s', description: 'How often an idle connection is probed.' }),
  keepaliveTimeout: duration({
    default: '10s',
    description: 'How long a probe may stay unanswered before the connection counts as dead.',
  }),
  acknowledgeTimeout: duration({
    default: '30s',
    description:
      'How long sent records may stay unacknowledged before the connection is given up and dialled anew, even when it looks alive.',
  }),
  connectTimeout: duration({ default: '10s', description: 'How long the collector may take from dial to welcome.' }),
  retryMin: duration({ default: '500ms', description: 'Shortest wait before dialling again.' }),
  retryMax: duration({ default: '30s', description: 'Longest wait before dialling again.' }),
  returnAfter: duration({
    default: '5m',
    description:
      'How long a collector that is not the first of `url` is stayed with before the ones before it are looked at again.',
  }),
});
export type UplinkOptions = Static<typeof uplinkOptions>;
