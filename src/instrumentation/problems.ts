import type { ClockStatus } from '../clock/status.ts';
import type { BridgeStatus } from '../sources/bridge/status.ts';

/** What to do about the clock. It never keeps a record from being taken in. */
export function clockProblems({ quality, contradictions }: ClockStatus): string[] {
  if (quality === 'unset') {
    return [
      'The clock is not set: open this gateway’s page in a browser, connect it to its collector or to a time server.',
    ];
  }
  return contradictions.map((one) => `The clock is synchronised, but ${one}: see which is wrong.`);
}

/** What is not heard of other brokers, and is not over by itself. */
export function bridgeProblems(bridges: readonly BridgeStatus[]): string[] {
  return bridges.flatMap(({ name, state, reason, refusedTopics }) => {
    if (state === 'refused') return [`The bridge ${name} has no connection: ${reason}.`];
    return refusedTopics.map((topic) => `The bridge ${name} does not hear ${topic.filter}: ${topic.reason}.`);
  });
}
