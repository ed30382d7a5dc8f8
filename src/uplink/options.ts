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

const tlsOptions = Type.Object(
  {
    ca: Type.Optional(
      Type.String({
        description:
          'File with the authorities (PEM) that may have signed the collector. Unset: the one that came with enrolment, or else those that Node.js knows.',
        examples: ['/etc/headgate/collector-ca.pem'],
      }),
    ),
    certificate: Type.Optional(
      Type.String({
        description:
          "File with the gateway's certificate and those between it and its authority (PEM). Unset: the enrolled one, when there is one.",
        examples: ['credential:uplink-certificate'],
      }),
    ),
    key: Type.Optional(
      Type.String({ description: "File with the certificate's key (PEM).", examples: ['credential:uplink-key'] }),
    ),
    serverName: Type.Optional(
      Type.String({ description: "The name that the collector's certificate is for. Unset: the host in `url`." }),
    ),
  },
  {
    default: {},
    description:
      'TLS, when `url` begins with `https://`. Files are read anew for each connection; `credential:NAME` is a file that systemd hands over (LoadCredential=).',
  },
);

const enrolOptions = Type.Object(
  {
    tokenFile: Type.Optional(
      Type.String({
        description:
          'File with a one-time token of the collector: the gateway gets a certificate with it at its first start. `headgate enrol` does the same by hand.',
        examples: ['credential:enrolment-token'],
      }),
    ),
    token: Type.Optional(
      Type.String({ description: 'The same token itself; a file is better.', secret: true, minLength: 1 }),
    ),
    fingerprint: Type.Optional(
      Type.String({
        description:
          "SHA-256 fingerprint of the collector's authority or certificate, where `tls.ca` is not at hand yet.",
        pattern: '^(?:[Ss][Hh][Aa]-?256:)?[0-9A-Fa-f]{2}(?::?[0-9A-Fa-f]{2}){31}$',
      }),
    ),
  },
  { default: {}, description: 'How this gateway gets its certificate from the collector.' },
);

export const uplinkOptions = Type.Object({
  url: Type.Optional(
    oneOrMore(Type.String({ minLength: 1 }), {
      description:
        'The collector, as `https://HOST:PORT`, or `http://HOST:PORT` in plaintext; or a list of them in order of preference. Unset: the embedded collector.',
      examples: [['https://collector.example.org:50052', 'https://collector2.example.org:50052']],
    }),
  ),
  tls: tlsOptions,
  tokenFile: Type.Optional(
    Type.String({
      description: "File with this gateway's token, where the collector knows it by a token and not by a certificate.",
      examples: ['credential:uplink-token'],
    }),
  ),
  token: Type.Optional(
    Type.String({ description: 'The same token itself; a file is better.', secret: true, minLength: 1 }),
  ),
  enrol: enrolOptions,
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
  canary: Type.Optional(
    duration({
      description:
        'How often a record of the gateway itself goes the whole way, to show that it works: critical, source `headgate`, topic `headgate/canary`. 0 sends none. Unset: every minute, and none under a data plan.',
      examples: ['1m'],
    }),
  ),
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
