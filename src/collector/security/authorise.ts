import type { UnixMs } from '../../core/time.ts';

/** What a collector remembers of a gateway's identity. */
export interface Identity {
  /** SHA-256 of the public key that it enrolled with, in hex. Absent: it has no certificate of this collector's. */
  readonly keyHash?: string;
  /** When the certificate expires that it got last. */
  readonly expiresAt?: UnixMs;
  /** SHA-256 of its bearer token, in hex. */
  readonly tokenHash?: string;
  /** Since when it is not let in any more. */
  readonly revokedAt?: UnixMs;
}

/** By what somebody shows who it is. */
export type Evidence =
  | { readonly name: 'none' }
  /** A bearer token; SHA-256, in hex. */
  | { readonly name: 'token'; readonly hash: string }
  /** A certificate, whose key the other end has shown to have. */
  | {
      readonly name: 'certificate';
      /** Those that it names. */
      readonly gateways: readonly string[];
      readonly keyHash: string;
      /** By the collector's own authority. */
      readonly isIssuedHere: boolean;
      readonly expiresAt: UnixMs;
      /** What OpenSSL found wrong with it: its code. */
      readonly problem?: string;
    };

export type Verdict =
  | { readonly name: 'accepted' }
  /** For the gateway's owner: what is the matter, and the way out. */
  | { readonly name: 'refused'; readonly status: 'PERMISSION_DENIED' | 'UNAUTHENTICATED'; readonly reason: string };

/**
 * Whether somebody may speak for a gateway.
 *
 * @param identity what is remembered of that gateway
 * @param mustShow whether gateways that nothing is remembered of have to show who they are, too
 */
export function authorise(
  gateway: string,
  evidence: Evidence,
  identity: Identity | undefined,
  mustShow: boolean,
): Verdict {
  if (identity?.revokedAt !== undefined) {
    return denied(
      `Gateway "${gateway}" was revoked on ${dayOf(identity.revokedAt)}. To let it in again, enrol it anew: ${way(gateway)}.`,
    );
  }
  switch (evidence.name) {
    case 'token':
      return evidence.hash === identity?.tokenHash
        ? { name: 'accepted' }
        : unknown(
            `This is not the token of gateway "${gateway}": \`headgate collector gateway-token ${gateway}\` makes one.`,
          );
    case 'certificate':
      return byCertificate(gateway, evidence, identity);
    case 'none':
      if (!mustShow && identity?.keyHash === undefined && identity?.tokenHash === undefined)
        return { name: 'accepted' };
      return unknown(
        `Gateway "${gateway}" has to show a certificate or a token: ${way(gateway)}, or configure \`uplink.tls\`.`,
      );
  }
}

function byCertificate(
  gateway: string,
  evidence: Evidence & { readonly name: 'certificate' },
  identity: Identity | undefined,
): Verdict {
  const { problem, gateways, isIssuedHere, keyHash, expiresAt } = evidence;
  if (problem === 'CERT_HAS_EXPIRED') {
    return unknown(`The gateway's certificate expired on ${dayOf(expiresAt)}: enrol it anew, ${way(gateway)}.`);
  }
  if (problem !== undefined) {
    return unknown(
      `The gateway's certificate is not one that this collector accepts (${problem}): it comes from another authority, or is not valid yet.`,
    );
  }
  if (!gateways.includes(gateway)) {
    const whose = gateways.length === 0 ? 'of no gateway' : `that of gateway "${gateways.join('", "')}"`;
    return denied(`This certificate is ${whose}, not of "${gateway}": each gateway needs its own, ${way(gateway)}.`);
  }
  if (!isIssuedHere) return { name: 'accepted' };
  if (identity?.keyHash === undefined)
    return denied(`Gateway "${gateway}" is not enrolled at this collector: ${way(gateway)}.`);
  if (identity.keyHash !== keyHash) {
    return denied(
      `Gateway "${gateway}" has been enrolled with another key since: only that one counts. If this is the right one, ${way(gateway)}.`,
    );
  }
  return { name: 'accepted' };
}

/** What makes it possible to enrol a gateway. */
function way(gateway: string): string {
  return `\`headgate collector enrol-token --gateway ${gateway}\` at the collector, then \`headgate enrol\` at the gateway`;
}

function denied(reason: string): Verdict {
  return { name: 'refused', status: 'PERMISSION_DENIED', reason };
}

function unknown(reason: string): Verdict {
  return { name: 'refused', status: 'UNAUTHENTICATED', reason };
}

function dayOf(time: UnixMs): string {
  return new Date(time).toISOString().slice(0, 10);
}
