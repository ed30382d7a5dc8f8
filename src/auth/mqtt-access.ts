import { localPrincipal, type Principal } from '../core/principal.ts';
import { isLoopback } from '../lib/loopback.ts';
import type { Auth } from './auth.ts';
import { permissionsOf } from './scopes.ts';

/** What an MQTT client shows of itself, and where its connection comes in. */
export interface ShownByMqtt {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Our end's address: who came in by loopback is on this machine. */
  readonly localAddress: string | undefined;
  readonly remoteAddress: string | undefined;
  /** Of a client certificate: its SHA-256 in hex, and the common name in its subject if the listener's authority signed it. */
  readonly certificate?: { readonly commonName?: string; readonly fingerprint: string } | undefined;
}

/**
 * Who an MQTT client is.
 *
 * `in`: known. `wrong`: the user name or the password is not right. `unknown`: it shows nothing that counts. `wait`: too many passwords were
 * wrong, or too many are being looked at.
 */
export type MqttOutcome =
  | { readonly kind: 'in'; readonly principal: Principal }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'wait' };

/** What somebody on this machine may do over MQTT without a name, once somebody was set up: what sensors and their programs do. */
const anonymousScopes = ['publish:#', 'subscribe:#', 'publish:headgate/devices/+/commands/+/result'];
const anonymous: Principal = {
  ...localPrincipal,
  may: permissionsOf(anonymousScopes) as Principal['may'],
};

/** Tells who an MQTT client is: by user name and password, by a token for the password, by its certificate, or by being on this machine. */
export async function ofMqtt(auth: Auth, shown: ShownByMqtt, takesAnonymous = true): Promise<MqttOutcome> {
  const { username, password = '', localAddress, remoteAddress = '', certificate } = shown;
  if (password.startsWith('hg_')) {
    const program = auth.ofToken(password);
    if (program !== undefined) return { kind: 'in', principal: program };
  }
  if (username !== undefined) {
    const given = { name: username, password, address: remoteAddress };
    const outcome = await auth.login(given, ({ kind }) => kind !== 'program');
    return outcome.kind === 'wait' ? { kind: 'wait' } : outcome;
  }
  const device = certificate && auth.book.ofCertificate(certificate);
  if (device !== undefined) return { kind: 'in', principal: device };
  if (!takesAnonymous || !isLoopback(localAddress)) return { kind: 'unknown' };
  return { kind: 'in', principal: auth.trustsThisMachine ? localPrincipal : anonymous };
}
