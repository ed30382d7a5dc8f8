import { existsSync } from 'node:fs';
import { hostname, type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { isLoopback } from '../lib/loopback.ts';

/** Under what the gateway can be reached. */
export interface ReachableHost {
  /** An IPv6 address is without brackets. */
  readonly host: string;
  /** `loopback`: on this machine alone. `mdns`: a name ending in `.local`, where the network carries such names. */
  readonly kind: 'mdns' | 'ipv4' | 'ipv6' | 'loopback';
}

/** What a machine has that matters here. */
export interface Network {
  readonly interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;
  readonly hostname: string;
  /** A responder answers for `HOSTNAME.local`. */
  readonly hasMdns: boolean;
}

/** Networks of containers and virtual machines on this machine: no sensor is there. */
const virtual = /^(?:docker|veth|br-|virbr|cni|flannel|lxc|podman)/;

/** As it is now: addresses come and go. */
export function thisNetwork(): Network {
  return { interfaces: networkInterfaces(), hostname: hostname(), hasMdns: existsSync('/run/avahi-daemon/pid') };
}

/** The name that a responder answers for, RFC 6762 § 3; undefined: none does. */
export function mdnsName({ hostname: name, hasMdns }: Network): string | undefined {
  const [label = ''] = name.split('.');
  return hasMdns && label !== '' && label !== 'localhost' ? `${label.toLowerCase()}.local` : undefined;
}

/** Where a listener can be reached, most likely to work first. @param bound the address that it listens on */
export function hostsOf(bound: string, network: Network): ReachableHost[] {
  if (isLoopback(bound) || bound === 'localhost') return [{ host: bound, kind: 'loopback' }];
  const takesAll = bound === '0.0.0.0' || bound === '::';
  if (!takesAll) return [{ host: bound, kind: bound.includes(':') ? 'ipv6' : 'ipv4' }];
  const found: ReachableHost[] = [];
  for (const [name, addresses = []] of Object.entries(network.interfaces)) {
    if (virtual.test(name)) continue;
    for (const { address, family, internal } of addresses) {
      // A link-local address is none without the interface that the other end sees it by.
      const isUsable = family === 'IPv4' || (bound === '::' && !/^fe80:/i.test(address));
      if (!internal && isUsable) found.push({ host: address, kind: family === 'IPv4' ? 'ipv4' : 'ipv6' });
    }
  }
  const name = mdnsName(network);
  const ofKind = (kind: ReachableHost['kind']) => found.filter((one) => one.kind === kind);
  const named: ReachableHost[] = name === undefined ? [] : [{ host: name, kind: 'mdns' }];
  const all = [...ofKind('ipv4'), ...named, ...ofKind('ipv6')];
  return all.length === 0 ? [{ host: '127.0.0.1', kind: 'loopback' }] : all;
}

/** `127.0.0.1:1883`, `[::]:1883` in its parts; undefined: it does not listen. */
export function partsOf(address: string): { readonly host: string; readonly port: number } | undefined {
  const at = address.lastIndexOf(':');
  const port = Number(address.slice(at + 1));
  if (at < 1 || !(port > 0)) return undefined;
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port };
}

/** A host as it stands in a URL. */
export function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
