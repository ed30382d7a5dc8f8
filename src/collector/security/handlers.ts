import { randomBytes } from 'node:crypto';
import { HeadgateError } from '../../core/errors.ts';
import type { Clock, UnixMs } from '../../core/time.ts';
import type { Log } from '../../lib/log.ts';
import type { AdminHandlers } from '../admin/handlers.ts';
import { listGateways } from '../gateway-list.ts';
import type { StateStore } from '../state-store.ts';
import type { Enrolments } from './enrolment.ts';
import { hashOf } from './evidence.ts';
import type { Identities } from './identities.ts';

const usualValidSeconds = 86_400;

export interface IdentityHandlersContext {
  readonly store: StateStore;
  readonly identities: Identities;
  readonly clock: Clock;
  readonly log: Log;
  readonly isConnected: (gateway: string) => boolean;
  /** @throws HeadgateError `request.conflict` where there is none */
  readonly enrolments: () => Enrolments;
  /** Of the authority that signs the collector, when that is its own. */
  readonly fingerprint: string;
}

/** What administrators may ask for about gateways' identities. */
export function identityHandlers(context: IdentityHandlersContext): Partial<AdminHandlers> {
  const { store, identities, clock, log, isConnected, enrolments, fingerprint } = context;
  return {
    createEnrolmentToken: async ({ gateway, validSeconds }) => {
      const validMs = (validSeconds || usualValidSeconds) * 1000;
      const { token, expiresAt } = await enrolments().createToken(gateway, validMs);
      log.info({ gateway, expiresAt: new Date(expiresAt).toISOString() }, 'An enrolment token was made.');
      return { token, expiresAt: timestamp(expiresAt), caFingerprint: fingerprint };
    },
    createGatewayToken: async ({ gateway }) => {
      named(gateway);
      const token = randomBytes(32).toString('base64url');
      await identities.change(gateway, (identity) => {
        const { revokedAt: _, ...rest } = identity ?? {};
        return { ...rest, tokenHash: hashOf(token) };
      });
      log.info({ gateway }, 'A gateway has a new token.');
      return { token };
    },
    listGateways: async () => ({ gateways: await listGateways(store, identities, isConnected) }),
    revokeGateway: async ({ gateway }) => {
      named(gateway);
      const isKnown = (await listGateways(store, identities, isConnected)).some((entry) => entry.gateway === gateway);
      if (!isKnown) throw new HeadgateError('request.unknown', `No gateway "${gateway}" has ever been here.`);
      await identities.change(gateway, (identity) => ({ revokedAt: clock.now(), ...identity }));
      log.info({ gateway }, 'A gateway was revoked.');
      return {};
    },
  };
}

function named(gateway: string): void {
  if (gateway === '') throw new HeadgateError('request.invalid', 'The request names no gateway.');
}

function timestamp(time: UnixMs): { seconds: bigint; nanos: number } {
  return { seconds: BigInt(Math.floor(time / 1000)), nanos: 0 };
}
