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
  tls: Type.Object(listenerTls, {
    default: {},
    description: 'TLS on the port of HTTP, which then takes https:// only.',
  }),
});
export type HttpOptions = Static<typeof httpOptions>;
