import type { Interval } from '../lib/intervals.ts';
import { ConnectResponse } from '../wire/generated/headgate/v1/uplink.ts';
import type { SessionEffect, SessionStep, StatusName } from './session.ts';

/** Says why, and ends the stream. */
export function end(status: StatusName, reason: string): SessionStep {
  return { state: { name: 'ended' }, effects: [{ name: 'end', status, reason }] };
}

export function send(message: NonNullable<ConnectResponse['message']>): SessionEffect {
  return { name: 'send', bytes: ConnectResponse.encode({ message }).finish() };
}

export function ranges(runs: Iterable<Interval>): { first: bigint; last: bigint }[] {
  return Array.from(runs, ({ first, last }) => ({ first: BigInt(first), last: BigInt(last) }));
}
