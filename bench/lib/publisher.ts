// The load generator, started by load.ts as a process of its own. Its one argument is LoadOptions as JSON.
import { Lane } from './lane.ts';
import { type LoadCounts, type LoadEvent, type LoadOptions, type LoadRequest, monotonicMs } from './load-protocol.ts';
import { percentilesOf } from './statistics.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as LoadOptions;
const { pace } = options;

/** What is under way. */
type State =
  /** Connections are not accepted yet, or nothing is to be sent. */
  | { readonly name: 'quiet' }
  /** Messages go out, up to `upTo` in all. */
  | { readonly name: 'sending'; readonly upTo: number; readonly startedMs: number; readonly sentBefore: number }
  /** All that was to be sent is sent; acknowledgements are missing. */
  | { readonly name: 'settling' };

let state: State = { name: 'quiet' };
let connected = 0;
let firstSentMs = 0;
let lastAcknowledgedMs = 0;
let latencies: number[] = [];
let latenesses: number[] = [];

const lanes = Array.from(
  { length: options.connections },
  (_, index) =>
    new Lane(index, options.port, options.isTimed, {
      onConnected: () => {
        if (++connected === options.connections) tell({ name: 'connected' });
      },
      onTime: (ms) => latencies.push(ms),
      onAcknowledged: (lane, _count, atMs) => {
        lastAcknowledgedMs = atMs;
        if (state.name === 'sending' && pace.kind === 'window') {
          refill(lane, pace.size);
          napSoon(pace.size * lanes.length);
        }
        settle();
      },
      onFailed: fail,
    }),
);

/** Full again once a quarter is free: one write for many messages, where a broker acknowledges one by one. */
function refill(lane: Lane, windowSize: number): void {
  const room = windowSize - lane.inFlight;
  const count = Math.min(room, lane.upTo - lane.sent);
  if (count > 0 && (room >= windowSize / 4 || count < room)) lane.send(count, options.isTimed ? monotonicMs() : 0);
}

const neverNotified = new Int32Array(new SharedArrayBuffer(4));
let isNapPlanned = false;

const napMs = 0.5;

/**
 * A short sleep after each turn of the event loop, as long as the broker has more than half of the window to work on.
 * Without it a broker that acknowledges one by one would wake this process for each message, and the load would cost
 * half of what it loads. It is short, because a window that is not refilled is a smaller window: with 2 ms a broker that
 * answers in groups never had the messages in flight that the row's title says.
 */
function napSoon(window: number): void {
  if (isNapPlanned || options.isTimed) return;
  isNapPlanned = true;
  setImmediate(() => {
    isNapPlanned = false;
    if (total('sent') - total('acknowledged') > window / 2) Atomics.wait(neverNotified, 0, 0, napMs);
  });
}

/** Sends whatever is due by now. A message is late when this process is; its latency counts from when it was due. */
function sendDue(perSecond: number): void {
  if (state.name !== 'sending') return;
  const now = monotonicMs();
  const { startedMs, sentBefore, upTo } = state;
  for (let sent = total('sent'); sent < upTo; sent++) {
    const dueMs = startedMs + ((sent - sentBefore) * 1000) / perSecond;
    if (dueMs > now) break;
    latenesses.push(now - dueMs);
    lanes[sent % lanes.length]!.send(1, dueMs);
  }
  settle();
}

function start(messages: number | undefined): void {
  if (messages !== undefined && messages % lanes.length !== 0) {
    fail(`${messages} messages can't be shared out evenly to ${lanes.length} connections`);
    return;
  }
  const now = monotonicMs();
  const sentBefore = total('sent');
  const upTo = messages === undefined ? Number.POSITIVE_INFINITY : sentBefore + messages;
  firstSentMs = now;
  lastAcknowledgedMs = now;
  latencies = [];
  latenesses = [];
  state = { name: 'sending', upTo, startedMs: now, sentBefore };
  for (const lane of lanes) {
    lane.upTo = messages === undefined ? Number.POSITIVE_INFINITY : lane.sent + messages / lanes.length;
    if (pace.kind === 'window') refill(lane, pace.size);
  }
}

/** Notes when all is sent, and when all is acknowledged. */
function settle(): void {
  if (state.name === 'sending' && total('sent') >= state.upTo) state = { name: 'settling' };
  if (state.name !== 'settling' || total('sent') !== total('acknowledged')) return;
  state = { name: 'quiet' };
  tell({ name: 'idle', counts: counts(), latency: percentilesOf(latencies), lateness: percentilesOf(latenesses) });
}

function total(what: 'sent' | 'acknowledged'): number {
  let sum = 0;
  for (const lane of lanes) sum += lane[what];
  return sum;
}

function counts(): LoadCounts {
  const { user, system } = process.cpuUsage();
  return {
    atMs: monotonicMs(),
    sent: total('sent'),
    acknowledged: total('acknowledged'),
    cpuUs: user + system,
    firstSentMs,
    lastAcknowledgedMs,
  };
}

function tell(event: LoadEvent): void {
  process.send?.(event);
}

function fail(reason: string): void {
  for (const lane of lanes) lane.isEnding = true;
  process.send?.({ name: 'failed', reason } satisfies LoadEvent, undefined, {}, () => process.exit(1));
}

process.on('message', (request: LoadRequest) => {
  switch (request.name) {
    case 'start':
      start(request.messages);
      return;
    case 'sample':
      tell({ name: 'sample', counts: counts() });
      return;
    case 'stop':
      if (state.name === 'sending') state = { name: 'settling' };
      settle();
  }
});
// The bench is gone or has had enough.
process.on('disconnect', () => process.exit(0));

setInterval(() => {
  if (state.name === 'quiet') return;
  const missing = total('sent') - total('acknowledged');
  if (missing > 0 && monotonicMs() - lastAcknowledgedMs > options.stallMs) {
    fail(`${missing} of ${total('sent')} messages were not acknowledged within ${options.stallMs} ms`);
  }
}, 100);
// Timers of Node fire once a millisecond at best; how late that makes each message is told as its lateness.
if (pace.kind === 'rate') setInterval(() => sendDue(pace.perSecond), 1);
