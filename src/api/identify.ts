import type { TLSSocket } from 'node:tls';
import type { Auth } from '../auth/auth.ts';
import { machineScheme } from '../auth/machine-key.ts';
import { csrfTokenOf } from '../auth/sessions.ts';
import { localPrincipal, nobody } from '../core/principal.ts';
import type { Asking, Identify, Unidentified } from './guard.ts';
import { isLocalCaller } from './local-caller.ts';

export const cookieName = 'headgate_session';
export const csrfHeader = 'x-csrf-token';

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);
/** What everybody is told until it is known who there is. */
export const starting = {
  code: 'gateway.not-ready',
  detail: 'The gateway is starting: what is known is being loaded, and nobody is let in before.',
  // As a rule a start takes that long.
  retryAfterSeconds: 1,
} as const satisfies Unidentified;

/**
 * Tells who asks: by `Authorization: Bearer TOKEN`, else by the cookie of a browser that somebody signed in with, else by being on this
 * machine, as long as nobody was set up. What shows who somebody is and does not count is refused, not left aside.
 */
export function identifyBy(auth: Auth): Identify {
  return (request) => {
    const { authorization } = request.headers;
    if (authorization !== undefined) {
      const [, scheme = '', shown = ''] = /^(\S+) +(\S+) *$/.exec(authorization) ?? [];
      if (scheme === machineScheme) {
        const wrong = {
          code: 'auth.failed',
          detail: "This is not signed with this gateway's key, or not now.",
        } as const;
        return auth.ofMachine(shown, request.method ?? '', request.url ?? '') ?? (auth.isReady ? wrong : starting);
      }
      if (scheme.toLowerCase() !== 'bearer')
        return { code: 'auth.failed', detail: '`Authorization` must be `Bearer TOKEN`.' };
      if (!auth.isReady) return starting;
      return auth.ofToken(shown) ?? { code: 'auth.failed', detail: 'This token is unknown, expired or revoked.' };
    }
    const sessionId = sessionIdOf(request);
    const person = sessionId === undefined ? undefined : auth.ofSession(sessionId);
    if (sessionId !== undefined && person !== undefined) return forgery(request, sessionId) ?? person;
    // To be told that nobody is signed in would have a page ask for the password.
    if (!auth.isReady && (sessionId !== undefined || isLocalCaller(request))) return starting;
    if (!isLocalCaller(request)) return nobody;
    return auth.trustsThisMachine ? localPrincipal : nobody;
  };
}

/** The id of the session in a request's cookie. */
export function sessionIdOf({ headers }: Pick<Asking, 'headers'>): string | undefined {
  for (const part of (headers.cookie ?? '').split(';')) {
    const at = part.indexOf('=');
    if (part.slice(0, at).trim() === cookieName) return part.slice(at + 1).trim();
  }
  return undefined;
}

/** Whether a request says that it was made by a page of this gateway, or by no page. */
export function isSameOrigin({ headers }: Pick<Asking, 'headers'>): boolean {
  const { host, origin } = headers;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
}

/** Whether a request came over TLS. */
export function isSecure({ socket }: Pick<Asking, 'socket'>): boolean {
  return (socket as Partial<TLSSocket>).encrypted === true;
}

/** A browser sends its cookie with whatever a page makes it send: what changes something must come from a page of ours. */
function forgery(request: Asking, sessionId: string): Unidentified | undefined {
  const isUpgrade = request.headers.upgrade !== undefined;
  if (safeMethods.has(request.method ?? '') && !isUpgrade) return undefined;
  if (!isSameOrigin(request))
    return { code: 'access.denied', detail: 'This comes from a page that is not of this gateway.' };
  // A page can add no header to a WebSocket; its `Origin` is always there.
  if (isUpgrade && safeMethods.has(request.method ?? '')) {
    return request.headers.origin === undefined
      ? { code: 'access.denied', detail: 'A WebSocket with a cookie needs the `Origin` of this gateway.' }
      : undefined;
  }
  if (request.headers[csrfHeader] === csrfTokenOf(sessionId)) return undefined;
  const detail = `A change with a cookie needs the header \`${csrfHeader}\` with the \`csrfToken\` of \`GET /api/v1/session\`.`;
  return { code: 'access.denied', detail };
}
