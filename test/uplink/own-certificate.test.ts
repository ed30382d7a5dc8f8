import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { identityFiles } from '../../src/uplink/credentials.ts';
import { OwnCertificate } from '../../src/uplink/own-certificate.ts';
import { keep, TestAuthority } from '../support/certificates.ts';
import { tempDir } from '../support/temp-dir.ts';

const dayMs = 86_400_000;
const daysLeft = (own: OwnCertificate): number | undefined =>
  own.expiresAtMs === undefined ? undefined : Math.round((own.expiresAtMs - Date.now()) / dayMs);

test('the end of the certificate is that of the configured file, or of the enrolled one, as it is now', async (t) => {
  const directory = tempDir(t);
  const authority = await TestAuthority.make();
  const [short, long] = await Promise.all([authority.sign({ untilDays: 5 }), authority.sign({ untilDays: 50 })]);
  const enrolled = new OwnCertificate({ tls: {} }, directory);
  assert.equal(daysLeft(enrolled), undefined);
  mkdirSync(directory, { recursive: true });
  const write = ({ certificate }: { readonly certificate: string }): void => {
    const { enrolled: path } = identityFiles(directory);
    writeFileSync(`${path}.new`, JSON.stringify({ certificate, ca: authority.certificate }));
    renameSync(`${path}.new`, path);
  };
  write(short);
  assert.equal(daysLeft(enrolled), 5);
  write(long);
  assert.equal(daysLeft(enrolled), 50);
  const paths = keep(directory, 'own', short);
  assert.equal(daysLeft(new OwnCertificate({ tls: { certificate: paths.certificate } }, directory)), 5);
  writeFileSync(join(directory, 'bad.pem'), 'no certificate');
  assert.equal(
    daysLeft(new OwnCertificate({ tls: { certificate: join(directory, 'bad.pem') } }, directory)),
    undefined,
  );
  assert.equal(daysLeft(new OwnCertificate({ tls: { certificate: '/nowhere' } }, directory)), undefined);
});
