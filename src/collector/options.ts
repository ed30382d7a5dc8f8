import { type Static, Type } from 'typebox';
import { bytes, count, port } from '../lib/option-types.ts';

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
});
export type CollectorOptions = Static<typeof collectorOptions>;
