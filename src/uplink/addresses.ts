import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** One place where a collector may listen. */
export interface Address {
  readonly ip: string;
  readonly family: 4 | 6;
}

/** Finds the addresses of a host name; rejects when it has none, or when nobody can be asked. */
export type Lookup = (host: string) => Promise<readonly LookupAddress[]>;

/** As the system does it: hosts file, DNS, and whatever else it is set up to ask. In its order of preference. */
export const systemLookup: Lookup = (host) => lookup(host, { all: true, order: 'verbatim' });

/**
 * The addresses of a URL's host, in the order in which to try them. The families take turns, so that one that does not
 * work here costs one attempt at a time (RFC 8305), and within a family chance decides, so that gateways spread over what
 * a name stands for.
 *
 * @param random numbers in [0, 1)
 * @throws whatever the lookup throws
 */
export async function addressesOf(url: string, lookUp: Lookup, random: () => number): Promise<Address[]> {
  const host = hostOf(url);
  const family = isIP(host);
  if (family === 4 || family === 6) return [{ ip: host, family }];
  const found = await lookUp(host);
  const first = found[0]?.family === 6 ? 6 : 4;
  const of = (wanted: 4 | 6): Address[] => {
    const ips = new Set(found.filter((one) => one.family === wanted).map(({ address }) => address));
    return shuffled([...ips], random).map((ip) => ({ ip, family: wanted }));
  };
  const [preferred, others] = [of(first), of(first === 6 ? 4 : 6)];
  return Array.from({ length: Math.max(preferred.length, others.length) }, (_, index) => [
    ...preferred.slice(index, index + 1),
    ...others.slice(index, index + 1),
  ]).flat();
}

/** The host of a URL, an IPv6 address without its brackets. @throws when the URL is none */
function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[(.*)\]$/, '$1');
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
