import { type Static, Type } from 'typebox';
import { bytes, count, duration, port } from '../lib/option-types.ts';

const adminOptions = Type.Object(
  {
    tokenFile: Type.Optional(
      Type.String({
        description:
          'File with the token of those who administer the collector. Unset: one that the collector makes beside the records, at its first start.',
        examples: ['/etc/headgate/admin-token'],
      }),
    ),
  },
  { default: {}, description: 'Who may enrol gateways and send them commands.' },
);

const natsOptions = Type.Object(
  {
    stream: Type.String({
      default: 'headgate',
      pattern: '^[A-Za-z0-9_-]{1,64}$',
      description:
        'The JetStream stream that takes the records. It is created when it is missing, and so are two key-value buckets whose names begin with it.',
    }),
    replicas: count({
      default: 1,
      maximum: 5,
      description: 'Servers of a NATS cluster that keep a copy each of what is created: 1, 3 or 5.',
    }),
    maxAge: Type.Optional(
      duration({
        description: 'How long a stream that is created keeps records. Unset: until somebody deletes them.',
        examples: ['30d'],
      }),
    ),
    maxBytes: Type.Optional(
      bytes({
        description:
          'What a stream that is created may hold. When it is full, gateways wait and nothing is lost. Unset: as much as the server gives it.',
        examples: ['100GB'],
      }),
    ),
    duplicateWindow: duration({
      default: '30s',
      description:
        'How long a stream that is created knows a record again by its number. Nothing may be on its way between collector and stream for longer; the server needs memory for all records of that time.',
    }),
    credentials: Type.Optional(
      Type.String({
        description: 'File with the credentials for NATS (`.creds`), unless the address says who we are.',
        examples: ['/etc/headgate/nats.creds'],
      }),
    ),
    ca: Type.Optional(
      Type.String({
        description: "File with the authorities that may sign the NATS server's certificate. Unset: the system's.",
        examples: ['/etc/headgate/nats-ca.pem'],
      }),
    ),
    cert: Type.Optional(
      Type.String({
        description: 'File with the certificate by which the collector is known to NATS, when the server asks for one.',
        examples: ['/etc/headgate/nats-cert.pem'],
      }),
    ),
    key: Type.Optional(
      Type.String({
        description: 'File with the key of `collector.nats.cert`.',
        examples: ['/etc/headgate/nats-key.pem'],
      }),
    ),
  },
  { description: 'For `nats://` sinks.' },
);
export type NatsOptions = Static<typeof natsOptions>;
/** What holds where nothing is configured. */
export const natsDefaults: NatsOptions = { stream: 'headgate', replicas: 1, duplicateWindow: 30_000 };

const tlsOptions = Type.Object(
  {
    enabled: Type.Boolean({ default: false, description: 'Speak TLS only.' }),
    certificate: Type.Optional(
      Type.String({
        description:
          "File with the collector's certificate and those between it and its authority (PEM). Unset: the collector's own authority signs one.",
        examples: ['/etc/headgate/collector.pem'],
      }),
    ),
    key: Type.Optional(
      Type.String({
        description: "File with the certificate's key (PEM).",
        examples: ['credential:collector-key'],
      }),
    ),
    names: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description:
        'Host names and addresses by which gateways dial the collector, for the certificate that its own authority signs.',
    }),
    clientCa: Type.Optional(
      Type.String({
        description:
          "File with authorities (PEM) that sign gateways besides the collector's own. Their certificates name the gateway as `urn:headgate:gateway:ID` or as common name.",
        examples: ['/etc/headgate/gateways-ca.pem'],
      }),
    ),
    clients: Type.Union([Type.Literal('required'), Type.Literal('optional')], {
      default: 'required',
      description:
        'Whether every gateway has to show a certificate or a token, or only those that have been enrolled. Without TLS it is as if `optional`.',
    }),
    gatewayValid: duration({ default: '90d', description: 'How long certificates are good for that gateways get.' }),
  },
  {
    default: {},
    description:
      'TLS for gateways and administrators. Files are read anew when they change; `credential:NAME` is a file that systemd hands over (LoadCredential=).',
  },
);
export type CollectorTlsOptions = Static<typeof tlsOptions>;

export const collectorOptions = Type.Object({
  enabled: Type.Optional(
    Type.Boolean({ description: 'Run a collector beside the gateway. Unset: yes, when `uplink.url` is unset.' }),
  ),
  host: Type.String({ default: '127.0.0.1', description: 'Address to listen on.' }),
  port: port({ default: 50052, description: 'TCP port for gateways (gRPC).' }),
  sink: Type.Optional(
    Type.String({
      description:
        'Where records go: `sqlite:PATH`, `file:PATH` for one JSON record a line, or `nats://HOST:PORT` (`tls://`, several with commas between them) for NATS JetStream, before which any number of collectors may run. Unset: `sqlite:` `collector/records.db` in `dataDir`.',
      examples: ['file:/var/lib/headgate/records.ndjson'],
    }),
  ),
  welcomesPerSecond: count({
    default: 200,
    minimum: 1,
    description:
      'How many gateways should come back in a second at the most, when all have lost this collector: they are asked to spread out.',
  }),
  windowBytes: bytes({ default: '8MiB', description: 'What one gateway may have sent and not yet acknowledged.' }),
  directory: Type.Optional(
    Type.String({
      description:
        'Directory for what the collector keeps of its own: its certificate authority, the admin token. Unset: beside the records.',
      examples: ['/var/lib/headgate/collector'],
    }),
  ),
  keepCommands: duration({
    default: '7d',
    description: 'How long a command is remembered here once it is over.',
  }),
  tls: tlsOptions,
  admin: adminOptions,
  nats: natsOptions,
});
export type CollectorOptions = Static<typeof collectorOptions>;

/** What a collector has to be told; what is left out is as if it were not configured. */
export type CollectorSettings = Pick<CollectorOptions, 'host' | 'port' | 'windowBytes' | 'welcomesPerSecond'> &
  Partial<CollectorOptions> & { readonly sink: string };
