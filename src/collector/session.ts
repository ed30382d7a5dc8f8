import type { UnixMs } from '../core/time.ts';
import { type Interval, Intervals } from '../lib/intervals.ts';
import type { Settled } from './committer.ts';
import type { GatewayMessage } from './companion.ts';
import type { Request } from './request.ts';
import { end, ranges, send } from './session-effects.ts';
import { confirm, hello, welcome } from './session-greeting.ts';

export interface SessionLimits {
  /** What one gateway may have sent and not yet acknowledged, in bytes before compression. */
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

/** The name of a connection's place in its gateway's history, and that of the one before; empty: there is none. */
export interface Lineage {
  readonly lineage: string;
  readonly follows: string;
}

export type Hello = Request & { readonly name: 'hello' };

/** Where one stream stands. */
export type SessionState =
  /** The stream is open, and the gateway has not said who it is. */
  | { readonly name: 'greeting' }
  /** It has; the sink is being asked what is durable already. */
  | { readonly name: 'welcoming'; readonly peer: Peer; readonly version: number }
  /** It is to make the lineage of the welcome durable, and to say so. */
  | { readonly name: 'confirming'; readonly peer: Peer; readonly version: number; readonly lineage: Lineage }
  /** It has said so, and that is being written down. What comes meanwhile waits. */
  | {
      readonly name: 'adopting';
      readonly peer: Peer;
      readonly version: number;
      readonly held: readonly SessionInput[];
    }
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
      /** What the gateway is to make durable before it goes on; undefined for those that know nothing of lineages. */
      readonly lineage?: Lineage;
    }
  /** What the gateway has confirmed has been written down. */
  | { readonly name: 'adopted' }
  /** It is a copy of one that goes on. */
  | { readonly name: 'refused'; readonly reason: string }
  /** It has not shown that it is the gateway that it says, or is not let in any more. */
  | { readonly name: 'denied'; readonly status: 'PERMISSION_DENIED' | 'UNAUTHENTICATED'; readonly reason: string }
  /** A group with uploads of this stream has been committed. */
  | { readonly name: 'settled'; readonly settled: Settled }
  | { readonly name: 'sink-failed'; readonly reason: string }
  | { readonly name: 'hello-timeout' }
  /** Nothing has been heard of the gateway for so long that its connection must be gone. */
  | { readonly name: 'silent'; readonly seconds: number }
  /** The same gateway's epoch has said hello on another stream. */
  | { readonly name: 'superseded' }
  /** The gateway has closed its side in good order. */
  | { readonly name: 'finished' }
  /** The stream is gone, for whatever reason. */
  | { readonly name: 'closed' }
  /** The collector stops; what was committed has been acknowledged. */
  | { readonly name: 'stopping' };

export type StatusName =
  | 'OK'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'FAILED_PRECONDITION'
  | 'PERMISSION_DENIED'
  | 'UNAUTHENTICATED'
  | 'ABORTED'
  | 'UNAVAILABLE';

/** What the shell has to do, in this order. */
export type SessionEffect =
  /** An encoded `ConnectResponse`. */
  | { readonly name: 'send'; readonly bytes: Uint8Array }
  /**
   * Find out whether this is the data directory that goes on, supersede the peer's other streams, and ask the sink what
   * is durable from `from` on.
   */
  | {
      readonly name: 'ask';
      readonly peer: Peer;
      readonly from: number;
      readonly hello: Hello;
      readonly version: number;
    }
  /** Write down that this lineage is durable at the gateway. */
  | { readonly name: 'adopt'; readonly lineage: string }
  /** The welcome is on its way: tell the companions, when the gateway's protocol version knows them. */
  | { readonly name: 'welcomed'; readonly peer: Peer; readonly version: number }
  | { readonly name: 'commit'; readonly peer: Peer; readonly upload: Uint8Array; readonly plainBytes: number }
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
    case 'adopted':
      return state.name === 'adopting' ? adopted(state, limits) : { state, effects: [] };
    case 'refused':
      return end('FAILED_PRECONDITION', input.reason);
    case 'denied':
      return end(input.status, input.reason);
    case 'settled':
      return settle(state, input.settled, limits);
    case 'sink-failed':
      return end('UNAVAILABLE', `The collector can't store records at present: ${input.reason}`);
    case 'hello-timeout':
      if (state.name !== 'greeting') return { state, effects: [] };
      return end('DEADLINE_EXCEEDED', `No hello came within ${limits.helloTimeoutMs / 1000} s.`);
    case 'silent':
      return end('DEADLINE_EXCEEDED', `Nothing was heard of this gateway for ${input.seconds} s.`);
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

export type Living = Exclude<SessionState, { name: 'ended' }>;

function request(state: Living, message: Request, limits: SessionLimits): SessionStep {
  if (state.name === 'adopting' && message.name !== 'hello') {
    return { state: { ...state, held: [...state.held, { name: 'request', request: message }] }, effects: [] };
  }
  switch (message.name) {
    case 'hello':
      return hello(state, message);
    case 'upload':
      return upload(state, message, limits);
    case 'ping':
      return { state, effects: [send({ $case: 'pong', value: { nonce: message.nonce } })] };
    case 'pong':
    case 'unknown':
      return { state, effects: [] };
    case 'other':
      return other(state, message.message);
  }
}

function other(state: Living, message: GatewayMessage): SessionStep {
  if (state.name === 'greeting' || state.name === 'welcoming') {
    return end('INVALID_ARGUMENT', `A message (${message.$case}) came before the welcome.`);
  }
  if (message.$case === 'confirm') return confirm(state, message.value.lineage);
  if (state.name === 'confirming') {
    return end('INVALID_ARGUMENT', `A message (${message.$case}) came before the welcome's lineage was confirmed.`);
  }
  return { state, effects: [{ name: 'hand-on', message }] };
}

/** What came meanwhile is taken now. */
function adopted({ peer, version, held }: Living & { name: 'adopting' }, limits: SessionLimits): SessionStep {
  let state: SessionState = { name: 'open', peer, version, unacknowledgedBytes: 0, reading: 'on' };
  const effects: SessionEffect[] = [{ name: 'welcomed', peer, version }, { name: 'resume' }];
  for (const input of held) {
    const next = step(state, input, limits);
    state = next.state;
    effects.push(...next.effects);
  }
  return { state, effects };
}

function upload(
  state: Living,
  { bytes, plainBytes }: Request & { name: 'upload' },
  limits: SessionLimits,
): SessionStep {
  if (state.name === 'greeting') return end('INVALID_ARGUMENT', 'An upload came before the hello.');
  if (state.name === 'welcoming') return end('INVALID_ARGUMENT', 'An upload came before the welcome.');
  if (state.name === 'confirming' || state.name === 'adopting') {
    return end('INVALID_ARGUMENT', "An upload came before the welcome's lineage was confirmed.");
  }
  const unacknowledgedBytes = state.unacknowledgedBytes + plainBytes;
  const effects: SessionEffect[] = [{ name: 'commit', peer: state.peer, upload: bytes, plainBytes }];
  if (state.name === 'draining') return { state: { ...state, unacknowledgedBytes }, effects };
  // A gateway that ignores the window is held back by the transport, so that it can't fill the collector's memory.
  const isTooMuch = state.reading === 'on' && unacknowledgedBytes > 2 * limits.windowBytes;
  if (isTooMuch) effects.push({ name: 'pause' });
  return { state: { ...state, unacknowledgedBytes, reading: isTooMuch ? 'off' : state.reading }, effects };
}

function settle(state: Living, settled: Settled, limits: SessionLimits): SessionStep {
  if (state.name !== 'open' && state.name !== 'draining') return { state, effects: [] };
  const durable = new Intervals();
  for (const outcome of settled.outcomes) {
    if (outcome.name === 'refused') return end('INVALID_ARGUMENT', `This upload can't be stored: ${outcome.reason}.`);
    if (outcome.name === 'moved') return end('UNAVAILABLE', 'Another collector serves this gateway now.');
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
