import type { GatewayStatus } from '../instrumentation/status.ts';
import type { Before, Run } from './gate.ts';

/** What the health gate takes from a gateway's status. */
export function runOf({ gateway, health, buffer, uplink, collector, process }: GatewayStatus): Run {
  const takesMessages = health.state === 'ready' || health.state === 'degraded';
  const trouble = gateway.notice ?? (takesMessages ? undefined : health.summary);
  let [waiting, delivered] = [0, 0];
  for (const lane of buffer.lanes) {
    // The gateway's own records, the canary among them, go before all others.
    if (lane.rule === 'reports') continue;
    waiting += lane.waitingRecords;
    delivered += lane.ledger.delivered;
  }
  return {
    id: String(process.pid),
    trouble,
    uplink: {
      state: linkOf(uplink.state),
      // While it dials anew, what came of the attempt before is what there is to know.
      reason: uplink.reason ?? uplink.collectors.find((one) => one.isCurrent)?.problem ?? `it is ${uplink.state}`,
      connections: uplink.connections,
      hold: uplink.plan?.waitingFor ? `by the data plan: ${uplink.plan.waitingFor}` : (uplink.problem ?? undefined),
      isHere: collector !== null && hostOf(uplink.url) === collector.address,
    },
    backlog: { waiting, delivered },
  };
}

/** Canary records that have come back since the process started. */
export function returnedIn({ uplink }: GatewayStatus): number {
  return uplink.canary?.returned ?? 0;
}

/** What is written down of the uplink, for a later version's trial. */
export function beforeOf({ uplink }: GatewayStatus): Before {
  switch (linkOf(uplink.state)) {
    case 'connected':
      return 'worked';
    case 'refused':
      return 'refused';
    case 'down':
      return 'down';
  }
}

function linkOf(state: GatewayStatus['uplink']['state']): Run['uplink']['state'] {
  switch (state) {
    case 'live':
    case 'draining':
    case 'stalled':
      return 'connected';
    case 'rejected':
      return 'refused';
    case 'offline':
    case 'connecting':
    case 'waiting':
      return 'down';
  }
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}
