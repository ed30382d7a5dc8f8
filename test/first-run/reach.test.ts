import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { test } from 'node:test';
import { hostsOf, mdnsName, partsOf } from '../../src/first-run/reach.ts';

const at = (address: string, internal = false) =>
  ({ address, internal, family: address.includes(':') ? 'IPv6' : 'IPv4' }) as NetworkInterfaceInfo;
const interfaces = {
  lo: [at('127.0.0.1', true), at('::1', true)],
  docker0: [at('172.17.0.1')],
  wlan0: [at('fe80::1'), at('2001:db8::5'), at('192.168.1.20')],
};

const rows: readonly (readonly [bound: string, hasMdns: boolean, hosts: readonly string[]])[] = [
  ['127.0.0.1', true, ['127.0.0.1 loopback']],
  ['::1', true, ['::1 loopback']],
  ['localhost', false, ['localhost loopback']],
  ['0.0.0.0', false, ['192.168.1.20 ipv4']],
  ['0.0.0.0', true, ['192.168.1.20 ipv4', 'greenhouse.local mdns']],
  ['::', true, ['192.168.1.20 ipv4', 'greenhouse.local mdns', '2001:db8::5 ipv6']],
  ['10.0.0.7', true, ['10.0.0.7 ipv4']],
  ['2001:db8::9', false, ['2001:db8::9 ipv6']],
];

for (const [bound, hasMdns, hosts] of rows) {
  test(`a listener on ${bound} is reached at ${hosts.join(', ')}`, () => {
    const found = hostsOf(bound, { interfaces, hostname: 'Greenhouse.lan', hasMdns });
    assert.deepEqual(
      found.map(({ host, kind }) => `${host} ${kind}`),
      hosts,
    );
  });
}

test('a machine without a network is reached from itself alone', () => {
  assert.deepEqual(hostsOf('0.0.0.0', { interfaces: { lo: interfaces.lo }, hostname: 'pi', hasMdns: false }), [
    { host: '127.0.0.1', kind: 'loopback' },
  ]);
  assert.equal(mdnsName({ interfaces: {}, hostname: 'localhost', hasMdns: true }), undefined);
});

test('an address in its parts', () => {
  assert.deepEqual(partsOf('127.0.0.1:1883'), { host: '127.0.0.1', port: 1883 });
  assert.deepEqual(partsOf('[::]:8080'), { host: '::', port: 8080 });
  assert.equal(partsOf(''), undefined);
});
