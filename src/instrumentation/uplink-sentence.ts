import { formatDuration } from '../core/units.ts';
import type { UplinkStatus } from '../uplink/status.ts';
import { planSentence } from './plan-report.ts';

/** Where the uplink stands, in a sentence or two. Says "live" only when the uplink itself does. */
export function uplinkSentence(
  uplink: UplinkStatus,
  nowMs: number,
): { readonly state: 'ready' | 'degraded'; readonly text: string } {
  const { state } = uplink;
  const retry = (retryAt: number): string => `trying again in ${formatDuration(Math.max(0, retryAt - nowMs))}`;
  switch (state.name) {
    case 'live':
      return withCanary(uplink, `The uplink is live${instead(uplink)}.${planSentence(uplink.plan)}`);
    case 'draining': {
      const eta = state.etaMs === undefined ? '' : `, for about ${formatDuration(state.etaMs)} more`;
      return withCanary(uplink, `The uplink is catching up${eta}${instead(uplink)}.${planSentence(uplink.plan)}`);
    }
    case 'connecting':
      return {
        state: 'degraded',
        text: state.reason ? `The uplink is down (${state.reason}), trying again now.` : 'The uplink is connecting.',
      };
    case 'offline':
      return { state: 'degraded', text: 'The uplink is off.' };
    case 'stalled':
      return { state: 'degraded', text: 'The collector is connected, but has stopped confirming.' };
    case 'waiting':
      return { state: 'degraded', text: `The uplink is down (${state.reason}), ${retry(state.retryAt)}.` };
    case 'rejected': {
      const who = uplink.collectors.length > 1 ? 'Every collector refuses' : 'The collector refuses';
      return { state: 'degraded', text: `${who} this gateway (${state.reason}), ${retry(state.retryAt)}.` };
    }
  }
}

/** Why it is not with the collector that is preferred; empty when it is. */
function instead({ collectors }: UplinkStatus): string {
  const current = collectors.findIndex(({ isCurrent }) => isCurrent);
  if (current <= 0) return '';
  const before = collectors.slice(0, current).map(({ url, problem }) => `${url}: ${problem ?? 'not tried again yet'}`);
  return `, at collector ${current + 1} of ${collectors.length} (${before.join('; ')})`;
}

/** A connection that takes records is not all: one has to come back. */
function withCanary(
  { canary }: UplinkStatus,
  text: string,
): { readonly state: 'ready' | 'degraded'; readonly text: string } {
  if (canary?.state.name !== 'overdue') return { state: 'ready', text };
  const waited = formatDuration(canary.state.waitedMs);
  return { state: 'degraded', text: `${text} A canary record has not come back for ${waited}.` };
}
