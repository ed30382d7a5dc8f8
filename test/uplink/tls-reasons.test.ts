import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainHandshake, explainVerification } from '../../src/uplink/tls-reasons.ts';

const certificate = {
  valid_from: 'Mar  1 00:00:00 2026 GMT',
  valid_to: 'Jun  1 00:00:00 2026 GMT',
  subjectaltname: 'DNS:a.example.org, IP Address:192.0.2.7',
  issuer: { C: '', ST: '', L: '', O: 'Acme', OU: '', CN: 'Acme CA' },
  fingerprint256: 'AA:BB',
};
const expected = { serverName: 'b.example.org', where: '192.0.2.7' };
const spring = Date.UTC(2026, 3, 1);

const verifications: readonly [code: string, now: number, kind: 'lost' | 'rejected', reason: RegExp][] = [
  // A Raspberry Pi without a network time: it may be set at any moment, so it is no refusal.
  [
    'CERT_NOT_YET_VALID',
    12_000,
    'lost',
    /not valid before 2026-03-01 and this machine's clock says 1970-01-01T00:00:12: the clock is not set. Records are kept; let it learn the time by NTP/,
  ],
  // One that was set, and is a year behind: nothing but people can tell which one is wrong.
  [
    'CERT_NOT_YET_VALID',
    Date.UTC(2026, 0, 5),
    'rejected',
    /not valid before 2026-03-01 and this machine's clock says 2026-01-05T00:00:00: one of the two is wrong. Records are kept/,
  ],
  [
    'CERT_HAS_EXPIRED',
    Date.UTC(2027, 3, 1),
    'rejected',
    /expired on 2026-06-01 and this machine's clock says 2027-04-01T00:00:00: .*or check the clock. Records are kept/,
  ],
  [
    'ERR_TLS_CERT_ALTNAME_INVALID',
    spring,
    'rejected',
    /not for "b.example.org" but for a.example.org, 192.0.2.7: .*`uplink.tls.serverName`/,
  ],
  [
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    spring,
    'rejected',
    /signed by "Acme CA", which this gateway does not trust .*`uplink.tls.ca`/,
  ],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', spring, 'rejected', /does not trust/],
  ['FINGERPRINT_MISMATCH', spring, 'rejected', /another fingerprint .*AA:BB.*another server/],
  ['SOMETHING_NEW', spring, 'rejected', /not accepted \(SOMETHING_NEW\)/],
];

for (const [code, now, kind, reason] of verifications) {
  test(`${code} at ${new Date(now).toISOString()} is ${kind}, with the way out`, () => {
    const ending = explainVerification(code, certificate, expected, now);
    assert.equal(ending.kind, kind);
    assert.match(ending.reason, reason);
  });
}

const handshakes: readonly [code: string | undefined, kind: 'lost' | 'rejected', reason: RegExp][] = [
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'rejected', /192.0.2.7 speaks no TLS: its address begins with http:\/\//],
  ['ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL', 'rejected', /does not speak HTTP\/2, so it is no collector/],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'rejected', /does not accept this gateway's certificate/],
  ['ERR_SSL_SOMETHING_NEW', 'rejected', /TLS failed \(ERR_SSL_SOMETHING_NEW\)/],
  ['ECONNRESET', 'lost', /broke the connection off during the TLS handshake/],
  [undefined, 'lost', /broke the connection off/],
  ['ETIMEDOUT', 'lost', /^said ETIMEDOUT$/],
];

for (const [code, kind, reason] of handshakes) {
  test(`a handshake that ends with ${code ?? 'nothing'} is ${kind}`, () => {
    const error = code === undefined ? undefined : Object.assign(new Error(`said ${code}`), { code });
    const ending = explainHandshake(error, expected);
    assert.equal(ending.kind, kind);
    assert.match(ending.reason, reason);
  });
}
