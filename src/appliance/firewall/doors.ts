import { isIP } from 'node:net';
import { isLoopback } from '../../lib/loopback.ts';

/** A way in from the network. */
export interface Door {
  /** What listens there, for people: `mqtt`. */
  readonly what: string;
  /** The port that others dial. */
  readonly port: number;
  /** The port that it is led to; absent: the same. */
  readonly to?: number;
  /** The address that is listened on, undefined: all of a family, or of both. */
  readonly address?: string;
  readonly family?: 'ipv4' | 'ipv6';
}

/** What the gateway's configuration says of its listeners. */
export interface Listeners {
  readonly mqtt: {
    readonly host: string;
    readonly port: number;
    readonly tls: { readonly enabled: boolean; readonly host?: string; readonly port: number };
  };
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly publicPort?: number;
    readonly tls: { readonly enabled: boolean; readonly redirectPort?: number };
  };
  readonly grpc: { readonly host: string; readonly port: number };
  readonly uplink: { readonly url?: unknown };
  readonly collector: { readonly enabled?: boolean; readonly host: string; readonly port: number };
}

/** Every way in that the configuration means to be open to others. What listens on this machine alone is none. */
export function doorsOf({ mqtt, http, grpc, collector, uplink }: Listeners): Door[] {
  const { tls, publicPort = http.port } = http;
  return [
    ...door('mqtt', mqtt.host, mqtt.port),
    ...(mqtt.tls.enabled ? door('mqtt.tls', mqtt.tls.host ?? mqtt.host, mqtt.tls.port) : []),
    ...door('http', http.host, http.port),
    ...(publicPort !== http.port ? door('http', http.host, publicPort, http.port) : []),
    // Who types a bare name comes by port 80.
    ...(tls.enabled && tls.redirectPort !== undefined
      ? door('http.tls.redirectPort', http.host, 80, tls.redirectPort)
      : []),
    ...door('grpc', grpc.host, grpc.port),
    ...((collector.enabled ?? uplink.url === undefined) ? door('collector', collector.host, collector.port) : []),
  ];
}

function door(what: string, host: string, port: number, to = port): Door[] {
  // Port 0 is any free one: nobody knows which.
  if (isLoopback(host) || host === 'localhost' || port === 0 || to === 0) return [];
  const way = { what, port, ...(to !== port && { to }) };
  // A zone is the name of an interface, and only the machine's own.
  const address = host.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (address === '::') return [way];
  if (address === '0.0.0.0') return [{ ...way, family: 'ipv4' }];
  const family = isIP(address);
  // A name may mean any address of this machine.
  return family === 0 ? [way] : [{ ...way, address, family: family === 4 ? 'ipv4' : 'ipv6' }];
}
