import { type Static, Type } from 'typebox';
import { bytes, count, duration } from '../../lib/option-types.ts';

const text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

const topicOptions = Type.Object({
  filter: Type.String({
    minLength: 1,
    maxLength: 1000,
    description: 'MQTT topic filter: `+` is one level, a last `#` all further ones.',
  }),
  qos: Type.Union([Type.Literal(0), Type.Literal(1), Type.Literal(2)], {
    default: 1,
    description: 'The quality of service asked for. With 0 a message may be lost on the way here.',
  }),
});

const tlsOptions = Type.Object(
  {
    ca: text('File with the authorities (PEM) that may have signed the broker. Unset: those that Node.js knows.'),
    certificate: text("File with this gateway's certificate for the broker (PEM)."),
    key: text("File with the certificate's key (PEM)."),
    serverName: text("The name that the broker's certificate is for. Unset: the host in `url`."),
  },
  {
    default: {},
    description:
      'TLS, when `url` begins with `mqtts://` or `wss://`. Files are read anew for each connection; `credential:NAME` is a file that systemd hands over (LoadCredential=).',
  },
);

const bridgeOptions = Type.Object({
  name: Type.String({
    pattern: '^[a-z0-9][a-z0-9-]{0,39}$',
    description:
      'What it is called in records (source `bridge:NAME`), status and metrics. Each bridge has a name of its own.',
    examples: ['plant'],
  }),
  url: Type.String({
    minLength: 1,
    description:
      'The broker, as `mqtt://HOST:PORT`, with TLS as `mqtts://HOST:PORT`, or over WebSocket as `ws://…`, `wss://…`.',
  }),
  topics: Type.Array(topicOptions, {
    minItems: 1,
    maxItems: 200,
    description: 'What is subscribed to.',
  }),
  prefix: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description:
        'Stands before every topic of this broker, so that devices of the same topic on two brokers are two: `hall-b/`. Unset: topics as they are, which one bridge may have.',
    }),
  ),
  protocol: Type.Union([Type.Literal(5), Type.Literal('3.1.1')], {
    default: 5,
    description:
      'The version of MQTT, `5` or `3.1.1`. With 5 the broker keeps to `maxInFlight`, and does not send back what this gateway publishes.',
  }),
  clientId: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 256,
      description: 'The name of the session at the broker. Unset: made of the gateway’s id and the bridge’s name.',
    }),
  ),
  username: text('The user at the broker.'),
  passwordFile: text('File with the password; `credential:NAME` is one that systemd hands over (LoadCredential=).'),
  password: Type.Optional(
    Type.String({ description: 'The same password itself; a file is better.', secret: true, minLength: 1 }),
  ),
  tls: tlsOptions,
  keepalive: duration({ default: '30s', description: 'How often an idle connection is probed.' }),
  sessionExpiry: duration({
    default: '7d',
    description: 'How long an MQTT 5 broker is asked to keep messages for a gateway that is away.',
  }),
  maxInFlight: count({
    default: 1000,
    maximum: 65535,
    description:
      'Messages that may be on their way to the disk before no more are read (in MQTT 5 the Receive Maximum).',
  }),
  maxPacketSize: bytes({ default: '1MiB', description: 'Largest message; a larger one is left out and counted.' }),
  connectTimeout: duration({ default: '10s', description: 'How long the broker may take to accept a connection.' }),
  retryMin: duration({ default: '1s', description: 'Shortest wait before connecting again.' }),
  retryMax: duration({ default: '1m', description: 'Longest wait before connecting again.' }),
});

export const bridgesOptions = Type.Array(bridgeOptions, {
  default: [],
  maxItems: 50,
  description:
    'Brokers that are there already: what is published there is taken in here, and the broker gets its acknowledgement when it is durable here.',
  examples: [
    [
      {
        name: 'zigbee',
        url: 'mqtt://192.168.1.20:1883',
        topics: [{ filter: 'zigbee2mqtt/#' }],
        username: 'headgate',
        passwordFile: 'credential:zigbee-broker',
      },
    ],
  ],
});

/** One bridge as it is configured; durations in milliseconds, sizes in bytes. */
export type BridgeOptions = Static<typeof bridgeOptions>;
