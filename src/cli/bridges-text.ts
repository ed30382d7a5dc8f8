import type { BridgeStatus } from '../sources/bridge/status.ts';

/** How bridges stand, one after the other; empty when there are none. */
export function bridgesText(bridges: readonly BridgeStatus[]): string {
  return bridges.map(bridgeText).join('; ');
}

function bridgeText({ name, state, reason, received, refusedTopics, notTaken, tooLarge }: BridgeStatus): string {
  const facts = [
    state === 'refused' ? 'REFUSED' : state,
    `${received.toLocaleString('en-US')} ${received === 1 ? 'message' : 'messages'}`,
    ...refusedTopics.map(({ filter, reason: why }) => `${filter} is not heard: ${why}`),
    notTaken > 0 && `not taken: ${notTaken.toLocaleString('en-US')}`,
    tooLarge > 0 && `too large: ${tooLarge.toLocaleString('en-US')}`,
    reason,
  ];
  return `${name} ${facts.filter(Boolean).join(', ')}`;
}
