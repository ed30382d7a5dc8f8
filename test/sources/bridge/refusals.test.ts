import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bridgeFaults } from '../../../src/sources/bridge/option-checks.ts';
import type { BridgeOptions } from '../../../src/sources/bridge/options.ts';
import { disconnectReason, endingOf, filterRefusal } from '../../../src/sources/bridge/refusals.ts';
import { bridgeDefaults } from './site.ts';

const bridge = (more: Partial<BridgeOptions>): BridgeOptions => ({ ...bridgeDefaults, url: 'mqtt://a:1883', ...more });

/** What is wrong with bridges, and where. */
const wrong: readonly [what: string, bridges: readonly BridgeOptions[], path: string, message: RegExp][] = [
  ['two of a name', [bridge({}), bridge({ prefix: 'b/' })], '1.name', /"plant", as is a bridge before it/],
  [
    'two without a prefix',
    [bridge({}), bridge({ name: 'hall' })],
    '1.prefix',
    /devices of the bridges plant and hall .* no `prefix`/,
  ],
  ['a prefix with a wildcard', [bridge({ prefix: 'a/+/' })], '0.prefix', /neither `\+`/],
  ['another protocol', [bridge({ url: 'http://a' })], '0.url', /mqtts:/],
  ['a password in the URL', [bridge({ url: 'mqtt://me:secret@a' })], '0.url', /would be shown/],
  ['a password without a user', [bridge({ password: 'x' })], '0.username', /no(ne)? without a user/],
  [
    'two passwords',
    [bridge({ username: 'u', password: 'x', passwordFile: '/f' })],
    '0.password',
    /take one of them away/,
  ],
  ['a key without a certificate', [bridge({ tls: { key: '/k' } })], '0.tls', /one is of no use without the other/],
  ['a filter that is none', [bridge({ topics: [{ filter: 'a/#/b', qos: 1 }] })], '0.topics.0.filter', /last level/],
  [
    'a filter twice',
    [
      bridge({
        topics: [
          { filter: 'a', qos: 1 },
          { filter: 'a', qos: 0 },
        ],
      }),
    ],
    '0.topics.1.filter',
    /as is one before it/,
  ],
];

describe('bridges in a configuration', () => {
  for (const [what, bridges, path, message] of wrong) {
    it(`can't have ${what}`, () => {
      const faults = bridgeFaults(bridges);
      assert.deepEqual(
        faults.map((fault) => fault.path.join('.')),
        [path],
      );
      assert.match(faults[0]?.message ?? '', message);
      assert.doesNotMatch(faults[0]?.message ?? '', /secret/);
    });
  }

  it('can be many, each with a prefix of its own', () => {
    assert.deepEqual(
      bridgeFaults([bridge({}), bridge({ name: 'b', prefix: 'b/' }), bridge({ name: 'c', prefix: 'c/' })]),
      [],
    );
  });
});

const coded = (code: string | number): Error => Object.assign(new Error('as the library says it'), { code });

/** What MQTT.js says, whether it is over by itself, and what people are told. */
const endings: readonly [error: unknown, isRefusal: boolean, reason: RegExp][] = [
  [undefined, false, /^the connection is gone$/],
  [coded(4), true, /user or password/],
  [coded(134), true, /user or password/],
  [coded(5), true, /let this gateway in/],
  [coded(135), true, /let this gateway in/],
  [coded(1), true, /`protocol`/],
  [coded(132), true, /`protocol`/],
  [coded(133), true, /`clientId`/],
  [coded(3), false, /can't take this gateway now \(3\)/],
  [coded(136), false, /can't take this gateway now \(136\)/],
  [coded('ECONNREFUSED'), false, /nobody listens/],
  [coded('ENOTFOUND'), false, /no such host/],
  [coded('DEPTH_ZERO_SELF_SIGNED_CERT'), true, /`tls.ca`/],
  [coded('CERT_HAS_EXPIRED'), true, /not valid now/],
  [coded('ERR_TLS_CERT_ALTNAME_INVALID'), true, /`tls.serverName`/],
  [new Error('connack timeout'), false, /does not answer/],
  [new Error('Keepalive timeout'), false, /does not answer/],
  [coded('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'), true, /wants a certificate.*`tls.certificate`/],
  [coded('ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE'), true, /wants a certificate/],
  [coded('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'), true, /does not accept this gateway's certificate/],
  [coded('ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED'), true, /does not accept this gateway's certificate/],
  [coded('ERR_SSL_WRONG_VERSION_NUMBER'), true, /does not speak TLS/],
  [coded('ERR_SSL_NO_CIPHERS_AVAILABLE'), false, /^TLS failed/],
  [new Error('Unexpected server response: 404'), true, /no WebSocket there.*404.*`url`/],
  [new Error('Unexpected server response: 502'), false, /no WebSocket there.*502/],
  [new Error('Server sent no subprotocol'), true, /not for MQTT/],
  [coded('EPIPE'), false, /^as the library says it$/],
];

describe('the end of a connection to a broker', () => {
  for (const [error, isRefusal, reason] of endings) {
    const code = (error as { code?: unknown } | undefined)?.code ?? String(error);
    it(`is told in words: ${code}`, () => {
      const ending = endingOf(error);
      assert.equal(ending.isRefusal, isRefusal);
      assert.match(ending.reason, reason);
    });
  }

  it('has a reason for each DISCONNECT and each refused filter', () => {
    assert.match(disconnectReason(142), /took over the session/);
    assert.match(disconnectReason(200), /\(200\)/);
    assert.deepEqual([0, 1, 2].map(filterRefusal), [undefined, undefined, undefined]);
    assert.match(filterRefusal(128) ?? '', /does not allow it$/);
    assert.match(filterRefusal(135) ?? '', /to this user/);
    assert.match(filterRefusal(200) ?? '', /\(200\)/);
  });
});
