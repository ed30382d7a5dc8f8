import { compressions } from '../wire/packed-upload.ts';
import type { Hello, Living, SessionInput, SessionLimits, SessionStep } from './session.ts';
import { end, ranges, send } from './session-effects.ts';

// From hello to the confirmed lineage: the steps of a session before records flow.

/** The newest protocol version that this collector speaks. */
export const protocolVersion = 2;
const maxNameLength = 256;

export function hello(state: Living, message: Hello): SessionStep {
  const { version, gateway, epoch, firstWaiting, lastSequence } = message;
  if (state.name !== 'greeting') return end('INVALID_ARGUMENT', 'A second hello on the same stream.');
  if (version < 1)
    return end(
      'INVALID_ARGUMENT',
      `The hello names no protocol version; this collector speaks 1 to ${protocolVersion}.`,
    );
  if (gateway === '' || epoch === '') return end('INVALID_ARGUMENT', 'The hello names no gateway or no epoch.');
  if (gateway.length > maxNameLength || epoch.length > maxNameLength) {
    return end('INVALID_ARGUMENT', `The hello's gateway or epoch is longer than ${maxNameLength} characters.`);
  }
  const peer = { gateway, epoch };
  // When nothing waits, there is nothing that need not be sent; but should more be known here than the gateway has given
  // out, it has to hear of it, or its next records would pass for duplicates.
  const from = firstWaiting === 0 ? lastSequence + 1 : firstWaiting;
  const agreed = Math.min(version, protocolVersion);
  return {
    state: { name: 'welcoming', peer, version: agreed },
    effects: [{ name: 'ask', peer, from, hello: message, version: agreed }],
  };
}

export function welcome(
  state: Living & { name: 'welcoming' },
  { durable, now, reconnectSpreadMs, lineage }: SessionInput & { name: 'progress' },
  limits: SessionLimits,
): SessionStep {
  const seconds = Math.floor(now / 1000);
  const message = send({
    $case: 'welcome',
    value: {
      version: state.version,
      durable: ranges(durable),
      windowBytes: BigInt(Math.round(limits.windowBytes)),
      now: { seconds: BigInt(seconds), nanos: Math.round((now - seconds * 1000) * 1e6) },
      agent: limits.agent,
      lineage: lineage?.lineage ?? '',
      // An old gateway knows none, and would not look.
      compressions: state.version >= 2 ? [...compressions] : [],
      reconnectSpreadMs,
      follows: lineage?.follows ?? '',
    },
  });
  const { peer, version } = state;
  if (lineage !== undefined) return { state: { name: 'confirming', peer, version, lineage }, effects: [message] };
  return {
    state: { name: 'open', peer, version, unacknowledgedBytes: 0, reading: 'on' },
    effects: [message, { name: 'welcomed', peer, version }],
  };
}

export function confirm(state: Exclude<Living, { name: 'greeting' | 'welcoming' }>, confirmed: string): SessionStep {
  if (state.name !== 'confirming') return end('INVALID_ARGUMENT', 'A lineage was confirmed that was not asked for.');
  const { peer, version, lineage } = state;
  if (confirmed !== lineage.lineage && confirmed !== lineage.follows) {
    return end('INVALID_ARGUMENT', "The lineage that was confirmed is neither the welcome's nor the one before.");
  }
  return {
    state: { name: 'adopting', peer, version, held: [] },
    effects: [{ name: 'pause' }, { name: 'adopt', lineage: confirmed }],
  };
}
