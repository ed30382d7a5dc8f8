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

export const collectorOptions = Type.Object({
  enabled: Type.Optional(
    Type.Boolean({ description: 'Run a collector beside the gateway. Unset: yes, when `uplink.url` is unset.' }),
  ),
  host: Type.String({ default: '127.0.0.1', description: 'Address to listen on.' }),
  port: port({ default: 50052, description: 'TCP port for gateways (gRPC).' }),
  sink: Type.Optional(
    Type.String({
      description:
        'Where records go: `sqlite:PATH`, or `file:PATH` for one JSON record a line. Unset: `sqlite:` `collector/records.db` in `dataDir`.',
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
  admin: adminOptions,
});
export type CollectorOptions = Static<typeof collectorOptions>;

/** What a collector has to be told; what is left out is as if it were not configured. */
export type CollectorSettings = Pick<CollectorOptions, 'host' | 'port' | 'windowBytes' | 'welcomesPerSecond'> &
  Partial<CollectorOptions> & { readonly sink: string };
