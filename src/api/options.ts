import { type Static, Type } from 'typebox';
import { listenerTls } from '../lib/listener-tls.ts';
import { count, port } from '../lib/option-types.ts';

export const httpOptions = Type.Object({
  host: Type.String({ default: '127.0.0.1', description: 'Address to listen on.' }),
  allowedOrigins: Type.Array(Type.String(), {
    default: [],
    description:
      'Pages that may ask here and open WebSockets besides those that came from this gateway, by origin: `https://hmi.example.org`.',
  }),
  maxLiveConnections: count({
    default: 2000,
    description:
      'Connections that may stay open, as WebSockets (MQTT too) or event streams. Each takes some 20 KB; further ones are refused.',
  }),
  port: port({ default: 8080, description: 'TCP port for the dashboard and the APIs.' }),
  publicPort: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 65535,
      description:
        'The port under which others reach this one, where a firewall or a proxy leads from there to here. Unset: the same.',
      examples: [443],
    }),
  ),
  tls: Type.Object(
    {
      ...listenerTls,
      redirectPort: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 65535,
          description:
            'A port that answers plain HTTP with the address of this one, for browsers that were given a bare name. Unset: there is none.',
          examples: [8081],
        }),
      ),
    },
    {
      default: {},
      description: 'TLS on the port of HTTP, which then takes https:// only.',
    },
  ),
});
export type HttpOptions = Static<typeof httpOptions>;
