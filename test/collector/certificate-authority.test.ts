import 'reflect-metadata';
import assert from 'node:assert/strict';
import { randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as x509 from '@peculiar/x509';
import { CertificateAuthority } from '../../src/collector/certificate-authority.ts';
import { keyHashOf } from '../../src/collector/security/evidence.ts';
import { systemClock } from '../../src/core/time.ts';
import { gatewayOfUri } from '../../src/wire/identity.ts';
import { tempDir } from '../support/temp-dir.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

async function requestFor(name: string): Promise<Uint8Array> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: algorithm });
  return new Uint8Array(csr.rawData);
}

test('an authority is made once, is private, and signs what Node takes for signed by it', async (t) => {
  const path = join(tempDir(t), 'authority.pem');
  const [first, second] = await Promise.all([
    CertificateAuthority.open(path, systemClock),
    CertificateAuthority.open(path, systemClock),
  ]);
  assert.equal(first.certificate, second.certificate, 'two that start together share one');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const again = await CertificateAuthority.open(path, systemClock);
  const csr = await requestFor('CN=somebody else');
  const issued = await again.signGateway(csr, 'Gewächshaus 7, Nord', 90);
  const certificate = new X509Certificate(issued.certificate);
  const authority = new X509Certificate(first.certificate);
  assert.ok(certificate.checkIssued(authority) && certificate.verify(authority.publicKey));
  const uri = /URI:(\S+)/.exec(certificate.subjectAltName ?? '')?.[1] ?? '';
  assert.equal(
    gatewayOfUri(uri),
    'Gewächshaus 7, Nord',
    'the name is the one it was signed for, not the one it asked for',
  );
  assert.equal(certificate.ca, false);
  assert.equal(issued.keyHash, keyHashOf(certificate));
  assert.equal(issued.keyHash, await again.keyHashOf(csr));
  assert.equal(issued.expiresAt, Date.parse(certificate.validTo));
});

test('a server certificate is good for its names and addresses', async (t) => {
  const authority = await CertificateAuthority.open(join(tempDir(t), 'authority.pem'), systemClock);
  const { certificate } = await authority.makeServer(['collector.example.org', '127.0.0.1'], 90);
  const parsed = new X509Certificate(certificate);
  assert.equal(parsed.checkHost('collector.example.org'), 'collector.example.org');
  assert.equal(parsed.checkIP('127.0.0.1'), '127.0.0.1');
  assert.equal(parsed.checkHost('other.example.org'), undefined);
});

test('what is no request, or is not signed with its own key, is refused', async (t) => {
  const authority = await CertificateAuthority.open(join(tempDir(t), 'authority.pem'), systemClock);
  const forged = await requestFor('CN=gw');
  forged[forged.length - 1]! ^= 1;
  for (const csr of [new Uint8Array(), randomBytes(200), forged])
    await assert.rejects(authority.signGateway(csr, 'gw', 1), { code: 'request.invalid' });
});

test('a file that holds no authority is left as it is', async (t) => {
  const path = join(tempDir(t), 'authority.pem');
  writeFileSync(path, 'something else');
  await assert.rejects(CertificateAuthority.open(path, systemClock), { code: 'data.unreadable', message: /authority/ });
});
