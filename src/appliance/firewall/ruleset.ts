import type { Door } from './doors.ts';

/**
 * What nftables is told, all of it or nothing: it takes the place of what was there in one step. Nothing comes in but what is listed;
 * what the machine itself asks for, it gets. For `nft -f`.
 *
 * @param doors what the gateway has open; the first of two for one port holds
 */
export function rulesetText(doors: readonly Door[], hasSsh: boolean): string {
  const led = doors.filter(({ to }) => to !== undefined);
  return [
    'table inet headgate',
    'delete table inet headgate',
    'table inet headgate {',
    '  chain input {',
    '    type filter hook input priority filter; policy drop;',
    '    iif lo accept',
    '    ct state vmap { established : accept, related : accept, invalid : drop }',
    // What IPv6 does not work without (RFC 4890, 4.4), and what tells who is there.
    '    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert, nd-redirect } ip6 hoplimit 255 accept',
    '    icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } accept',
    '    icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept',
    '    icmpv6 type echo-request limit rate 20/second burst 20 packets accept',
    '    icmp type { destination-unreachable, time-exceeded, parameter-problem } accept',
    '    icmp type echo-request limit rate 20/second burst 20 packets accept',
    '    ip protocol igmp accept',
    // What renews an address comes unasked for as far as connection tracking sees.
    '    udp sport 67 udp dport 68 accept',
    '    ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept',
    '    udp dport 5353 accept comment "mdns"',
    ...(hasSsh ? ['    tcp dport 22 accept comment "ssh"'] : []),
    ...doors.map((door) => `    ${accepting(door)}`),
    '    counter comment "dropped"',
    '  }',
    '  chain forward {',
    '    type filter hook forward priority filter; policy drop;',
    '  }',
    ...(led.length === 0
      ? []
      : [
          '  chain prerouting {',
          '    type nat hook prerouting priority dstnat;',
          ...led.map((door) => `    ${leading(door)}`),
          '  }',
        ]),
    '}',
    '',
  ].join('\n');
}

/** A port that others are led to is open to those who were led there, and to nobody else. */
function accepting(door: Door): string {
  const { what, port, to } = door;
  if (to !== undefined) return `tcp dport ${to} ct original proto-dst ${port} accept comment "${what}"`;
  return `${toAddress(door)}tcp dport ${port} accept comment "${what}"`;
}

function leading(door: Door): string {
  const { what, port, to = port, address, family } = door;
  const target =
    address === undefined
      ? `redirect to :${to}`
      : `dnat ${family === 'ipv6' ? `ip6 to [${address}]` : `ip to ${address}`}:${to}`;
  return `fib daddr type local ${toAddress(door)}tcp dport ${port} ${target} comment "${what}"`;
}

function toAddress({ address, family }: Door): string {
  if (address !== undefined) return `${family === 'ipv6' ? 'ip6' : 'ip'} daddr ${address} `;
  return family === undefined ? '' : `meta nfproto ${family} `;
}
