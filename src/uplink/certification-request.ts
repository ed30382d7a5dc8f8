import 'reflect-metadata';
import { createPrivateKey, createPublicKey, generateKeyPairSync, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { HeadgateError, messageOf } from '../core/errors.ts';
import { gatewayUri } from '../wire/identity.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A new EC P-256 key, PEM (PKCS #8). */
export function makeKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

/**
 * A certification request (PKCS #10, DER) for a key.
 *
 * @param path of the key, for the message
 * @throws HeadgateError `data.unreadable` when it is no key of the kind that {@link makeKey} makes
 */
export async function requestFor(key: string, gateway: string, path: string): Promise<Uint8Array> {
  try {
    const privateKey = createPrivateKey(key);
    const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
    const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
    const keys = {
      privateKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']),
      publicKey: await webcrypto.subtle.importKey('spki', spki, algorithm, true, ['verify']),
    };
    const csr = await x509.Pkcs10CertificateRequestGenerator.create({
      name: [{ CN: [gateway] }],
      keys,
      signingAlgorithm: algorithm,
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'url', value: gatewayUri(gateway) }])],
    });
    return new Uint8Array(csr.rawData);
  } catch (error) {
    throw new HeadgateError('data.unreadable', `The gateway's key ${path} can't be used: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}
