import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A collector's certificate for 127.0.0.1, signed by itself, and so its own authority. Paths of PEM files. */
export interface SelfSigned {
  readonly certificate: string;
  readonly key: string;
}

/** Made by `openssl`, with a key as Headgate's own authority makes it. */
export function selfSigned(folder: string): SelfSigned {
  const made = { certificate: join(folder, 'collector.pem'), key: join(folder, 'collector.key') };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', made.key];
  const who = ['-subj', '/CN=collector', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...key, ...who, '-out', made.certificate], { stdio: 'pipe' });
  return made;
}

/** What a collector is told to speak TLS with it, and to let everybody in who trusts it. */
export function collectorTls({ certificate, key }: SelfSigned): Readonly<Record<string, string>> {
  return {
    'collector.tls.enabled': 'true',
    'collector.tls.certificate': certificate,
    'collector.tls.key': key,
    'collector.tls.clients': 'optional',
  };
}

export function pemOf({ certificate }: SelfSigned): string {
  return readFileSync(certificate, 'utf8');
}
