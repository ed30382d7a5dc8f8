import type { UnixMs } from '../core/time.ts';
import type { GatewayEntry as Listed } from '../wire/generated/headgate/v1/admin.ts';
import type { GatewayEntry } from './lineage.ts';
import type { Identities } from './security/identities.ts';
import { partsOf, type StateStore } from './state-store.ts';

/** All gateways that have been here or were enrolled, by name. @throws HeadgateError `sink.failed` */
export async function listGateways(
  store: StateStore,
  identities: Identities,
  isConnected: (gateway: string) => boolean,
): Promise<Listed[]> {
  const [known, seen] = await Promise.all([identities.list(), store.list('gateway')]);
  const lastSeen = new Map(seen.map(({ key, value }) => [partsOf(key)[0] ?? '', lastOf(value)]));
  return [...new Set([...known.keys(), ...lastSeen.keys()])].sort().map((gateway) => {
    const { revokedAt, expiresAt } = known.get(gateway) ?? {};
    return {
      gateway,
      connected: isConnected(gateway),
      revoked: revokedAt !== undefined,
      lastSeenAt: timestamp(lastSeen.get(gateway)),
      certificateExpiresAt: timestamp(expiresAt),
    };
  });
}

function lastOf(value: Uint8Array): UnixMs | undefined {
  const { epochs } = JSON.parse(Buffer.from(value).toString()) as GatewayEntry;
  return epochs.length === 0 ? undefined : Math.max(...epochs.map(({ at }) => at));
}

function timestamp(time: UnixMs | undefined): { seconds: bigint; nanos: number } | undefined {
  return time === undefined ? undefined : { seconds: BigInt(Math.floor(time / 1000)), nanos: 0 };
}
