import { setTimeout as delay } from 'node:timers/promises';
import { HeadgateError } from '../../core/errors.ts';
import { refill, tickMsOf } from './pace.ts';
import { seeded } from './random.ts';
import type { DemoDevice, DemoMessage } from './sample.ts';
import { Station } from './station.ts';

export interface FleetOptions {
  /** `mqtt://HOST:PORT`, with name and password where the gateway wants them. */
  readonly url: string;
  readonly devices: readonly DemoDevice[];
  /** Messages a second, of all devices together. */
  readonly rate: number;
  readonly seed: number;
  /** Ends once so many are acknowledged. Default: never. */
  readonly count?: number | undefined;
  /** Ends so long after the first connection, in milliseconds. Default: never. */
  readonly durationMs?: number | undefined;
  /** Time between two `progress` events, in milliseconds. Default 5,000. */
  readonly progressMs?: number;
  /** Time between two attempts to connect, in milliseconds. Default 1,000. */
  readonly retryMs?: number;
  /** How long the last acknowledgements may take, in milliseconds. Default 3,000. */
  readonly graceMs?: number;
}

export interface Totals {
  /** Since the first connection. */
  readonly elapsedMs: number;
  /** Messages sent, each counted once. */
  readonly published: number;
  /** Those for which a PUBACK came. */
  readonly acknowledged: number;
}

export type EndReason = 'count' | 'duration' | 'asked';

export type DemoEvent =
  /** A device published its first measurement. */
  | { readonly event: 'device'; readonly device: DemoDevice; readonly message: DemoMessage }
  | ({ readonly event: 'progress' } & Totals)
  /** No device has a connection; told once, until one has. */
  | { readonly event: 'unreachable'; readonly reason: string }
  | { readonly event: 'reachable' }
  /** The last one. `goodbyes` of the published messages said that a device leaves, after the end had come. */
  | ({ readonly event: 'end'; readonly reason: EndReason; readonly goodbyes: number } & Totals);

/**
 * - `dialling`: no attempt to connect has ended yet.
 * - `reachable`: at least one device is connected.
 * - `unreachable`: none is, and that was told.
 */
type Reach = 'dialling' | 'reachable' | 'unreachable';

/**
 * Lets the devices publish by turns until the count or the duration is reached or `stopping` is aborted; then they say
 * goodbye and leave. Resolves to the last event, which is told too.
 *
 * @throws HeadgateError `gateway.unreachable` when there is a count or a duration and the first connection fails.
 * Otherwise, and later, it keeps trying.
 */
export async function runFleet(
  options: FleetOptions,
  stopping: AbortSignal,
  tell: (event: DemoEvent) => void,
): Promise<Extract<DemoEvent, { event: 'end' }>> {
  const { url, devices, rate, seed, count = Number.POSITIVE_INFINITY, durationMs } = options;
  const { progressMs = 5_000, retryMs = 1_000, graceMs = 3_000 } = options;
  const isBounded = options.count !== undefined || durationMs !== undefined;
  const introduced = new Set<DemoDevice>();
  const timers: NodeJS.Timeout[] = [];
  const { promise: ended, resolve: end, reject: fail } = Promise.withResolvers<EndReason>();
  const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
  let phase: 'working' | 'leaving' = 'working';
  let reach: Reach = 'dialling';
  let startedMs: number | undefined;
  let published = 0;
  let acknowledged = 0;

  const totals = (): Totals => ({
    elapsedMs: Math.round(startedMs === undefined ? 0 : performance.now() - startedMs),
    published,
    acknowledged,
  });
  const onConnected = () => {
    if (startedMs === undefined) {
      startedMs = performance.now();
      if (durationMs !== undefined) timers.push(setTimeout(() => end('duration'), durationMs));
      timers.push(setInterval(() => tell({ event: 'progress', ...totals() }), progressMs));
    }
    if (reach === 'unreachable') tell({ event: 'reachable' });
    reach = 'reachable';
  };
  const onDisconnected = (reason: string) => {
    if (phase === 'leaving' || reach === 'unreachable' || stations.some(({ isConnected }) => isConnected)) return;
    if (reach === 'dialling' && isBounded) {
      fail(
        new HeadgateError('gateway.unreachable', `No gateway can be reached at ${withoutPassword(url)}: ${reason}.`),
      );
      return;
    }
    reach = 'unreachable';
    tell({ event: 'unreachable', reason });
  };
  const onAcknowledged = () => {
    acknowledged++;
    if (acknowledged >= count) end('count');
    if (phase === 'leaving' && acknowledged === published) settle();
  };
  const stations = devices.map(
    (device, index) =>
      new Station({
        device,
        url,
        retryMs,
        random: seeded(seed + index * 7_919),
        onConnected,
        onDisconnected,
        onAcknowledged,
      }),
  );

  let next = 0;
  let allowed = 1;
  let tickedMs = performance.now();
  const tick = () => {
    const nowMs = performance.now();
    // While nobody can speak, no turns are saved up: the first to connect would spend them all.
    allowed = reach === 'reachable' ? refill(allowed, nowMs - tickedMs, rate) : 1;
    tickedMs = nowMs;
    // A round in which nobody has anything to say ends the tick.
    for (let silent = 0; allowed >= 1 && published < count && silent < stations.length; ) {
      const station = stations[next++ % stations.length]!;
      const message = station.takeTurn(localNow());
      silent = message ? 0 : silent + 1;
      if (!message) continue;
      allowed--;
      published++;
      const { device } = station;
      if (message.topic !== device.topic || introduced.has(device)) continue;
      introduced.add(device);
      tell({ event: 'device', device, message });
    }
  };

  const onStopping = () => end('asked');
  stopping.addEventListener('abort', onStopping, { once: true });
  if (stopping.aborted) onStopping();
  try {
    for (const station of stations) station.dial();
    timers.push(setInterval(tick, tickMsOf(rate)));
    const reason = await ended;
    phase = 'leaving';
    for (const timer of timers.splice(0)) clearInterval(timer);
    const goodbyes = stations.filter((station) => station.sayGoodbye()).length;
    published += goodbyes;
    // Without a connection there is nothing to wait for.
    if (acknowledged < published && stations.some(({ isConnected }) => isConnected)) await within(graceMs, settled);
    const last = { event: 'end', reason, goodbyes, ...totals() } as const;
    tell(last);
    return last;
  } finally {
    phase = 'leaving';
    stopping.removeEventListener('abort', onStopping);
    for (const timer of timers) clearInterval(timer);
    await within(graceMs, Promise.all(stations.map((station) => station.hangUp())));
  }
}

/** The address as it may be shown. */
export function withoutPassword(url: string): string {
  const shown = new URL(url);
  if (shown.password !== '') shown.password = '***';
  return shown.href.replace(/\/$/, '');
}

/** What the wall clock shows, as if it showed UTC. */
function localNow(): number {
  const now = new Date();
  return now.getTime() - now.getTimezoneOffset() * 60_000;
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  // Ends the wait and the timer, whichever is first; a timer that was called off is no failure.
  await Promise.race([work, delay(ms, undefined, { signal: over.signal }).catch(() => {})]);
  over.abort();
}
