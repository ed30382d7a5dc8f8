import { localPrincipal } from '../../src/core/principal.ts';
import { isLoopback } from '../../src/lib/loopback.ts';
import type { MqttAccess } from '../../src/sources/mqtt/gate.ts';

/** Whoever comes in by loopback may do everything, as at a gateway where nobody is set up. */
export const openAccess: MqttAccess = {
  of: async ({ localAddress }) =>
    isLoopback(localAddress) ? { kind: 'in', principal: localPrincipal } : { kind: 'unknown' },
  book: { watch: () => () => {} },
  audit: { note: () => () => {} },
};
