import type { UnixMs } from '../core/time.ts';
import { type Interval, Intervals } from '../lib/intervals.ts';
import { ConnectResponse } from '../wire/generated/headgate/v1/uplink.ts';
import type { Settled } from './committer.ts';
import type { GatewayMessage } from './companion.ts';
import type { Request } from './request.ts';

/** The newest protocol version that this collector speaks. */
export const protocolVersion = 2;
const maxNameLength = 256;

export interface SessionLimits {
  /** What one gateway may have sent and not yet acknowledged, in bytes. */
  readonly windowBytes: number;
  /** How long the first message may take. */
  readonly helloTimeoutMs: number;
  readonly agent: string;
}

/** One gateway's epoch. */
export interface Peer {
  readonly gateway: string;
  readonly epoch: string;
}

/** Where one stream stands. */
export type SessionState =
  /** The stream is open, and the gateway has not said who it is. */
  | { readonly name: 'greeting' }
  /** It has; the sink is being asked what is durable already. */
  | { readonly name: 'welcoming'; readonly peer: Peer; readonly version: number }
  /** Uploads come, acknowledgements go. */
  | {
      readonly name: 'open';
      readonly peer: Peer;
      /** Of the protocol, as agreed. */
      readonly version: number;
      readonly unacknowledgedBytes: number;
      readonly reading: 'on' | 'off';
    }
  /** The gateway sends no more; it still gets the acknowledgements of what it has sent. */
  | { readonly name: 'draining'; readonly peer: Peer; readonly unacknowledgedBytes: number }
  /** The status is on its way, or the stream is gone. Nothing is said any more. */
  | { readonly name: 'ended' };

export type SessionInput =
  | { readonly name: 'request'; readonly request: Request }
  /** A message that can't be understood. */
  | { readonly name: 'malformed'; readonly reason: string }
  /** The sink's answer to `ask`. */
  | {
      readonly name: 'progress';
      readonly durable: readonly Interval[];
      readonly now: UnixMs;
      /** Over what time gateways should come back that lose this collector. */
      readonly reconnectSpreadMs: number;
    }
  /** A group with uploads of this stream has been committed. */
  | { readonly name: 'settled'; readonly settled: Settled }
  | { readonly name: 'sink-failed'; readonly reason: string }
  | { readonly name: 'hello-timeout' }
  /** The same gateway's epoch has said hello on another stream. */
  | { readonly name: 'superseded' }
  /** The gateway has closed its side in good order. */
  | { readonly name: 'finished' }
  /** The stream is gone, for whatever reason. */
  | { readonly name: 'closed' }
  /** The collector stops; what was committed has been acknowledged. */
  | { readonly name: 'stopping' };

export type StatusName = 'OK' | 'INVALID_ARGUMENT' | 'DEADLINE_EXCEEDED' | 'ABORTED' | 'UNAVAILABLE';

/** What the shell has to do, in this order. */
export type SessionEffect =
  /** An encoded `ConnectResponse`. */
  | { readonly name: 'send'; readonly bytes: Uint8Array }
  /** Ask the sink what is durable from `from` on; supersede the peer's other streams. */
  | { readonly name: 'ask'; readonly peer: Peer; readonly from: number; readonly agent: string }
  /** The welcome is on its way: tell the companions, when the gateway's protocol version knows them. */
  | { readonly name: 'welcomed'; readonly peer: Peer; readonly version: number }
  | { readonly name: 'commit'; readonly peer: Peer; readonly upload: Uint8Array }
  /** For the companions. */
  | { readonly name: 'hand-on'; readonly message: GatewayMessage }
  /** Read no more from the stream, until `resume`. */
  | { readonly name: 'pause' }
  | { readonly name: 'resume' }
  /** End the stream with a status. */
  | { readonly name: 'end'; readonly status: StatusName; readonly reason: string };

export interface SessionStep {
  readonly state: SessionState;
  readonly effects: readonly SessionEffect[];
}

/** One stream of one gateway, from its opening to its end, as a pure function of what happens to it. */
export function step(state: SessionState, input: SessionInput, limits: SessionLimits): SessionStep {
  if (state.name === 'ended') return { state, effects: [] };
  switch (input.name) {
    case 'request':
      return request(state, input.request, limits);
    case 'malformed':
      return end('INVALID_ARGUMENT', `This message can't be understood: ${input.reason}.`);
    case 'progress':
      return state.name === 'welcoming' ? welcome(state, input, limits) : { state, effects: [] };
    case 'settled':
      return settle(state, input.settled, limits);
    case 'sink-failed':
      return end('UNAVAILABLE', `The collector can't store records at present: ${input.reason}`);
    case 'hello-timeout':
      if (state.name !== 'greeting') return { state, effects: [] };
      return end('DEADLINE_EXCEEDED', `No hello came within ${limits.helloTimeoutMs / 1000} s.`);
    case 'superseded':
      return end('ABORTED', 'superseded by a newer connection');
    case 'finished':
      return finish(state);
    case 'closed':
      return { state: { name: 'ended' }, effects: [] };
    case 'stopping':
      return end('UNAVAILABLE', 'The collector is stopping.');
  }
}

type Living = Exclude<SessionState, { name: 'ended' }>;

function request(state: Living, message: Request, limits: SessionLimits): SessionStep {
  switch (message.name) {
    case 'hello':
      return hello(state, message);
    case 'upload':
      return upload(state, message.bytes, limits);
    case 'ping':
      return { state, effects: [send({ $case: 'pong', value: { nonce: message.nonce } })] };
    case 'pong':
      return { state, effects: [] };
    case 'other':
      return other(state, message.message);
  }
}

function other(state: Living, message: GatewayMessage): SessionStep {
  if (state.name === 'greeting' || state.name === 'welcoming') {
    return end('INVALID_ARGUMENT', `A message (${message.$case}) came before the welcome.`);
  }
  return { state, effects: [{ name: 'hand-on', message }] };
}

function hello(
  state: Living,
  { version, gateway, epoch, firstWaiting, lastSequence, agent }: Request & { name: 'hello' },
): SessionStep {
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
  return { state: { name: 'welcoming', peer, version: agreed }, effects: [{ name: 'ask', peer, from, agent }] };
}

function upload(state: Living, bytes: Uint8Array, limits: SessionLimits): SessionStep {
  if (state.name === 'greeting') return end('INVALID_ARGUMENT', 'An upload came before the hello.');
  if (state.name === 'welcoming') return end('INVALID_ARGUMENT', 'An upload came before the welcome.');
  const unacknowledgedBytes = state.unacknowledgedBytes + bytes.byteLength;
  const effects: SessionEffect[] = [{ name: 'commit', peer: state.peer, upload: bytes }];
  if (state.name === 'draining') return { state: { ...state, unacknowledgedBytes }, effects };
  // A gateway that ignores the window is held back by the transport, so that it can't fill the collector's memory.
  const isTooMuch = state.reading === 'on' && unacknowledgedBytes > 2 * limits.windowBytes;
  if (isTooMuch) effects.push({ name: 'pause' });
  return { state: { ...state, unacknowledgedBytes, reading: isTooMuch ? 'off' : state.reading }, effects };
}

function welcome(
  state: Living & { name: 'welcoming' },
  { durable, now, reconnectSpreadMs }: SessionInput & { name: 'progress' },
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
      lineage: '',
      compressions: [],
      reconnectSpreadMs,
    },
  });
  const { peer, version } = state;
  return {
    state: { name: 'open', peer, version, unacknowledgedBytes: 0, reading: 'on' },
    effects: [message, { name: 'welcomed', peer, version }],
  };
}

function settle(state: Living, settled: Settled, limits: SessionLimits): SessionStep {
  if (state.name !== 'open' && state.name !== 'draining') return { state, effects: [] };
  const durable = new Intervals();
  for (const outcome of settled.outcomes) {
    if (outcome.name === 'refused') return end('INVALID_ARGUMENT', `This upload can't be stored: ${outcome.reason}.`);
    for (const { first, last } of outcome.sequences) durable.add(first, last);
  }
  const effects: SessionEffect[] = [];
  if (durable.size > 0) effects.push(send({ $case: 'acknowledge', value: { durable: ranges(durable) } }));
  const unacknowledgedBytes = state.unacknowledgedBytes - settled.bytes;
  if (state.name === 'draining') {
    if (unacknowledgedBytes > 0) return { state: { ...state, unacknowledgedBytes }, effects };
    return { state: { name: 'ended' }, effects: [...effects, { name: 'end', status: 'OK', reason: '' }] };
  }
  const isRoom = state.reading === 'off' && unacknowledgedBytes <= limits.windowBytes;
  if (isRoom) effects.push({ name: 'resume' });
  return { state: { ...state, unacknowledgedBytes, reading: isRoom ? 'on' : state.reading }, effects };
}

function finish(state: Living): SessionStep {
  if (state.name !== 'open' || state.unacknowledgedBytes === 0) return end('OK', '');
  return { state: { name: 'draining', peer: state.peer, unacknowledgedBytes: state.unacknowledgedBytes }, effects: [] };
}

function end(status: StatusName, reason: string): SessionStep {
  return { state: { name: 'ended' }, effects: [{ name: 'end', status, reason }] };
}

function send(message: NonNullable<ConnectResponse['message']>): SessionEffect {
  return { name: 'send', bytes: ConnectResponse.encode({ message }).finish() };
}

function ranges(runs: Iterable<Interval>): { first: bigint; last: bigint }[] {
  return Array.from(runs, ({ first, last }) => ({ first: BigInt(first), last: BigInt(last) }));
}
