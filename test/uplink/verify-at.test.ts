import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { PeerCertificate } from 'node:tls';
import { Client, Server, ServerCredentials } from '@grpc/grpc-js';
import { Transport } from '../../src/uplink/transport.ts';
import { isForUsToJudge, wrongAt } from '../../src/uplink/verify-at.ts';
import { TestAuthority } from '../support/certificates.ts';

const dayMs = 86_400_000;
/** As a TLS socket shows them. */
const shown = (...pems: string[]): PeerCertificate[] =>
  pems.map((pem) => new X509Certificate(pem).toLegacyObject() as unknown as PeerCertificate);

test('a chain is good at a time, for a name, when an authority of ours has signed it', async () => {
  const authority = await TestAuthority.make();
  const stranger = await TestAuthority.make('Stranger');
  const namesake = await TestAuthority.make();
  const { certificate: own } = await authority.sign({ names: ['localhost', '127.0.0.1'], fromDays: -1, untilDays: 30 });
  const { certificate: other } = await stranger.sign();
  const now = Date.now();
  const rows: [what: string, certificates: string[], ca: string, name: string, at: number, want: string | undefined][] =
    [
      ['good', [own, authority.certificate], authority.certificate, 'localhost', now, undefined],
      ['good without its authority', [own], authority.certificate, '127.0.0.1', now, undefined],
      ['one of several', [own], stranger.certificate + authority.certificate, 'localhost', now, undefined],
      ['another name', [own], authority.certificate, 'example.org', now, 'ERR_TLS_CERT_ALTNAME_INVALID'],
      ['too early', [own], authority.certificate, 'localhost', now - 3 * dayMs, 'CERT_NOT_YET_VALID'],
      ['too late', [own], authority.certificate, 'localhost', now + 31 * dayMs, 'CERT_HAS_EXPIRED'],
      ['1970', [own], authority.certificate, 'localhost', 60_000, 'CERT_NOT_YET_VALID'],
      [
        'a stranger',
        [other, stranger.certificate],
        authority.certificate,
        'localhost',
        now,
        'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      ],
      ['a namesake', [own], namesake.certificate, 'localhost', now, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      ['no authority', [own, authority.certificate], '', 'localhost', now, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      // Signed by what is no authority itself.
      ['a leaf as authority', [other, own], own, 'localhost', now, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      ['nothing', [], authority.certificate, 'localhost', now, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ];
  for (const [what, certificates, ca, name, at, want] of rows) {
    assert.equal(wrongAt(shown(...certificates), ca, name, at), want, what);
  }
  const [leaf] = shown(own);
  const forClients = { ...leaf!, ext_key_usage: ['1.3.6.1.5.5.7.3.2'] };
  assert.equal(wrongAt([forClients], authority.certificate, 'localhost', now), 'INVALID_PURPOSE');
});

test('only the time is looked at again, and only where the gateway knows another one', () => {
  assert.equal(isForUsToJudge('CERT_NOT_YET_VALID', Date.now() + dayMs), true);
  assert.equal(isForUsToJudge('CERT_HAS_EXPIRED', Date.now() - dayMs), true);
  assert.equal(isForUsToJudge('CERT_NOT_YET_VALID', Date.now() + 1_000), false);
  assert.equal(isForUsToJudge('DEPTH_ZERO_SELF_SIGNED_CERT', Date.now() + dayMs), false);
});

/** A collector whose certificate is good from in ten months on, by this machine's clock, and what becomes of a call to it. */
async function called(t: TestContext, trusted: TestAuthority, signer: TestAuthority, aheadMs: number): Promise<string> {
  const { certificate, key } = await signer.sign({ fromDays: 300, untilDays: 400 });
  const server = new Server();
  const keys = [{ private_key: Buffer.from(key), cert_chain: Buffer.from(certificate) }];
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createSsl(null, keys), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  t.after(() => server.forceShutdown());
  const tls = { ca: trusted.certificate, serverName: 'localhost' };
  const transport = new Transport(tls, () => Date.now() + aheadMs);
  const client = new Client(`127.0.0.1:${port}`, transport, { 'grpc.use_local_subchannel_pool': 1 });
  t.after(() => client.close());
  const same = (bytes: Buffer): Buffer => bytes;
  const answer = await new Promise<string>((resolve) =>
    client.makeUnaryRequest('/none/Such', same, same, Buffer.alloc(1), (error) => resolve(error?.details ?? '')),
  );
  return transport.failure?.reason ?? answer;
}

test('a collector is believed by the clock of the gateway, where the system has another', async (t) => {
  const authority = await TestAuthority.make();
  const stranger = await TestAuthority.make('Stranger');
  assert.match(await called(t, authority, authority, 0), /^the collector's certificate is not valid before/);
  assert.match(await called(t, authority, authority, 310 * dayMs), /does not implement the method/);
  assert.match(await called(t, authority, authority, 500 * dayMs), /^the collector's certificate expired on/);
  const refused = await called(t, authority, stranger, 310 * dayMs);
  assert.doesNotMatch(refused, /does not implement|not valid before|expired/);
  assert.match(refused, /certificate/);
});
