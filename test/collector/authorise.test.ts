import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authorise, type Evidence, type Identity } from '../../src/collector/security/authorise.ts';

const certificate = {
  name: 'certificate',
  gateways: ['barn'],
  keyHash: 'k1',
  isIssuedHere: true,
  expiresAt: Date.UTC(2026, 5, 1),
} as const;
const enrolled: Identity = { keyHash: 'k1', expiresAt: Date.UTC(2026, 5, 1) };
const foreign = { ...certificate, isIssuedHere: false };
const none: Evidence = { name: 'none' };
const token: Evidence = { name: 'token', hash: 't1' };

/** Who asks for "barn", what is remembered of it, and what comes of it: `accepted`, or status and reason. */
const rows: readonly [what: string, Evidence, Identity | undefined, mustShow: boolean, expected: RegExp][] = [
  ['the enrolled key', certificate, enrolled, true, /^accepted$/],
  ['a key before', { ...certificate, keyHash: 'k0' }, enrolled, true, /^PERMISSION_DENIED .*another key since/],
  ['a certificate of one that is not enrolled here', certificate, undefined, true, /^PERMISSION_DENIED .*not enrolled/],
  [
    'a certificate of one that has only a token',
    certificate,
    { tokenHash: 't1' },
    true,
    /^PERMISSION_DENIED .*not enrolled/,
  ],
  [
    'a certificate for another name',
    { ...certificate, gateways: ['mill'] },
    enrolled,
    true,
    /^PERMISSION_DENIED .*that of gateway "mill", not of "barn"/,
  ],
  [
    'a certificate for no gateway',
    { ...certificate, gateways: [] },
    enrolled,
    true,
    /^PERMISSION_DENIED .*of no gateway/,
  ],
  [
    'an expired one',
    { ...certificate, problem: 'CERT_HAS_EXPIRED' },
    enrolled,
    true,
    /^UNAUTHENTICATED .*expired on 2026-06-01: enrol it anew/,
  ],
  [
    'one that nobody signed',
    { ...certificate, problem: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    enrolled,
    false,
    /^UNAUTHENTICATED .*not one that this collector accepts/,
  ],
  ['one of another authority that is trusted', foreign, undefined, true, /^accepted$/],
  [
    'the same for one that was revoked',
    foreign,
    { revokedAt: Date.UTC(2026, 2, 4) },
    true,
    /^PERMISSION_DENIED .*revoked on 2026-03-04/,
  ],
  [
    'the enrolled key of one that was revoked',
    certificate,
    { ...enrolled, revokedAt: 0 },
    true,
    /^PERMISSION_DENIED .*revoked/,
  ],
  ['the token', token, { tokenHash: 't1' }, true, /^accepted$/],
  ['another token', token, { tokenHash: 't2' }, true, /^UNAUTHENTICATED .*not the token/],
  ['a token of one that has none', token, enrolled, true, /^UNAUTHENTICATED .*not the token/],
  ['a token of one that nobody knows', token, undefined, false, /^UNAUTHENTICATED .*not the token/],
  ['the token of one that was revoked', token, { tokenHash: 't1', revokedAt: 0 }, true, /^PERMISSION_DENIED .*revoked/],
  ['nothing, where everybody has to show something', none, undefined, true, /^UNAUTHENTICATED .*has to show/],
  ['nothing, where only the enrolled have to', none, undefined, false, /^accepted$/],
  ['nothing, for one with a key', none, enrolled, false, /^UNAUTHENTICATED .*has to show/],
  ['nothing, for one with a token', none, { tokenHash: 't1' }, false, /^UNAUTHENTICATED .*has to show/],
  ['nothing, for one that was revoked', none, { revokedAt: 0 }, false, /^PERMISSION_DENIED .*revoked/],
];

for (const [what, evidence, identity, mustShow, expected] of rows) {
  test(`who shows ${what}`, () => {
    const verdict = authorise('barn', evidence, identity, mustShow);
    assert.match(verdict.name === 'accepted' ? 'accepted' : `${verdict.status} ${verdict.reason}`, expected);
  });
}
