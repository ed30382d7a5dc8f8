import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { isLoopback } from '../lib/loopback.ts';

/**
 * Whether a request was made on this machine, by a program or by a page that came from this gateway. A page from elsewhere that
 * a browser here shows is told by the `Origin` or the `Sec-Fetch-Site` that it has to name; one whose own name was made to lead
 * here, by the `Host`; somebody behind a proxy that runs here, by the headers with which proxies name them.
 */
export function isLocalCaller({ socket, headers }: Pick<FastifyRequest, 'socket' | 'headers'>): boolean {
  const { host, origin } = headers;
  if (!isLoopback(socket.remoteAddress) || !isLocalName(`http://${host}`)) return false;
  if (isProxied(headers)) return false;
  const site = headers['sec-fetch-site'];
  if (site === 'cross-site' || site === 'same-site') return false;
  return origin === undefined || (isLocalName(origin) && new URL(origin).host === host);
}

/** Whether somebody asks through a proxy that says so. */
function isProxied(headers: IncomingHttpHeaders): boolean {
  return proxied.some((name) => headers[name] !== undefined);
}

const proxied = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/**
 * Whether a request came from the gateway's own network, by a program or by a page that came from this gateway, under an
 * address or a name that only the network itself gives out: a public name might have been made to lead here. Through a proxy
 * anybody comes: many ask under the address by which they reach the gateway.
 */
export function isNearbyCaller({ socket, headers }: Pick<FastifyRequest, 'socket' | 'headers'>): boolean {
  if (
    isProxied(headers) ||
    !isNearby(socket.remoteAddress) ||
    !isUnderLocalName(headers.host) ||
    !cameFromHere(headers)
  )
    return false;
  // A port that a container or a router passes on is asked for under a public address, whoever seems to ask.
  const name = nameOf(`http://${headers.host}`);
  return isIP(name) === 0 || isNearby(name);
}

/**
 * Whether a request was made by a program, or by a page that came from this gateway under an address or a name that only its
 * network gives out, or from an origin that is allowed.
 */
export function isOwnPage({ headers }: Pick<IncomingMessage, 'headers'>, allowedOrigins: readonly string[]): boolean {
  const { host, origin } = headers;
  if (origin === undefined || allowedOrigins.includes(origin)) return true;
  return isUnderLocalName(host) && cameFromHere(headers);
}

function isUnderLocalName(host: string | undefined): boolean {
  const url = `http://${host}`;
  if (!URL.canParse(url)) return false;
  const name = nameOf(url);
  return isIP(name) !== 0 || /^[^.]+$|\.(local|lan|internal|home\.arpa)$/.test(name);
}

function cameFromHere({ host, origin }: IncomingHttpHeaders): boolean {
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
}

/** Addresses that no router of the internet knows. */
const nearby = new BlockList();
for (const [network, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
] as const)
  nearby.addSubnet(network, bits);
nearby.addSubnet('fc00::', 7, 'ipv6');
nearby.addSubnet('fe80::', 10, 'ipv6');

function isNearby(address: string | undefined): boolean {
  if (isLoopback(address)) return true;
  const ip = address?.replace(/^::ffff:/, '').replace(/%.*$/, '') ?? '';
  return isIP(ip) !== 0 && nearby.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4');
}

function isLocalName(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const name = nameOf(url);
  // A host may be called 127.0.0.1.example.org.
  return name === 'localhost' || (isIP(name) !== 0 && isLoopback(name));
}

function nameOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}
