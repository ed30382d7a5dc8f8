import type { Principal } from '../core/principal.ts';
import type { UnixMs } from '../core/time.ts';
import type { PasswordHash } from './passwords.ts';
import { permissionsOf } from './scopes.ts';

/**
 * By what somebody is known.
 *
 * `secret`: the SHA-256 of a random one. `password`: what scrypt made of one that people chose. `certificate`: that a client
 * certificate which the listener's authority signed has this name, or this fingerprint.
 */
export type Proof =
  | { readonly kind: 'secret'; readonly digest: string }
  | { readonly kind: 'password'; readonly hash: PasswordHash }
  | { readonly kind: 'certificate'; readonly commonName?: string; readonly fingerprint?: string };

export type AccountKind = 'person' | 'program' | 'device';

/** Somebody who may do something, as it is kept. */
export interface Account {
  readonly id: string;
  readonly kind: AccountKind;
  /** What people sign in with, what a device has for its MQTT user name, what a token is called. */
  readonly name: string;
  readonly scopes: readonly string[];
  readonly proof: Proof;
  /** The device that a device's credentials are for. */
  readonly device?: string;
  readonly createdAt: UnixMs;
  /** Who made it. */
  readonly createdBy: string;
  /** By the gateway's clock; absent: never. */
  readonly expiresAt?: UnixMs;
}

/** Somebody new. */
export interface NewAccount {
  readonly kind: AccountKind;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly proof: Proof;
  readonly device?: string;
  readonly expiresAt?: UnixMs;
  /** Its id, where the proof was made with it. */
  readonly id?: string;
}

/** Called with a change, to put on the shelf what belongs to it. @returns to be called when the disk refuses both */
export type Alongside = () => () => void;

/** Whoever an account stands for. */
export function principalOf({ id, kind, name, scopes }: Account): Principal {
  const may = permissionsOf(scopes);
  // They were looked at before they were kept: only a version that knows more scopes can have written others.
  if (typeof may === 'string') return { id, kind, name, may: permissionsOf([]) as Principal['may'] };
  return { id, kind, name, may };
}

export function encodeAccount(account: Account): Uint8Array {
  return Buffer.from(JSON.stringify(account));
}

/** @returns undefined for what is no account */
export function decodeAccount(bytes: Uint8Array): Account | undefined {
  try {
    const found = JSON.parse(Buffer.from(bytes).toString()) as Partial<Account> | null;
    const isAccount =
      typeof found?.id === 'string' &&
      typeof found.name === 'string' &&
      ['person', 'program', 'device'].includes(found.kind ?? '') &&
      Array.isArray(found.scopes) &&
      ['secret', 'password', 'certificate'].includes(found.proof?.kind ?? '');
    return isAccount ? (found as Account) : undefined;
  } catch {
    // No JSON.
    return undefined;
  }
}

/** What a device of this id has to publish and to listen to, when nobody says otherwise: topics that have its name in the first or second level. */
export function usualDeviceScopes(device: string): readonly string[] {
  const name = device.slice(device.indexOf(':') + 1);
  return [
    `publish:${name}/#`,
    `publish:+/${name}/#`,
    `publish:headgate/devices/${device}/commands/+/result`,
    `subscribe:${name}/#`,
    `subscribe:+/${name}/#`,
    `subscribe:headgate/devices/${device}/commands`,
  ];
}

/** By what somebody is found who has a certificate. */
export function certificateKey({ proof }: Account): string | undefined {
  if (proof.kind !== 'certificate') return undefined;
  return proof.fingerprint === undefined ? `name ${proof.commonName}` : `fingerprint ${proof.fingerprint}`;
}

/** By what somebody is found who has a name: people and devices share one set. */
export function nameKey(kind: AccountKind, name: string): string {
  return `${kind === 'program' ? 'program' : 'person or device'} ${name}`;
}

/** What is wrong with a name, as a sentence. */
export function nameFault(name: string): string | undefined {
  if (name.length > 0 && name.length <= 200 && name.trim() === name && !/[\p{Cc}\p{Cf}]/u.test(name)) return undefined;
  return 'A name is a text of 1 to 200 characters in one line, without spaces around it.';
}

/** What is wrong with scopes, as a sentence. */
export function scopeFault(scopes: readonly string[]): string | undefined {
  const found = permissionsOf(scopes);
  return typeof found === 'string' ? found : undefined;
}
