import type { Logger } from '../instrumentation/log.ts';

/** How long a stop may take before the process ends regardless. Under systemd's 90 s, over any healthy fsync. */
const usualStopMs = 10_000;
/**
 * A second signal this soon after the first is its echo and no second wish: Ctrl-C reaches npm and its child alike, and npm
 * hands it on.
 */
const usualEchoMs = 500;

/** What {@link serve} runs: the gateway, or a collector alone. */
export interface Served {
  start(signal: AbortSignal): Promise<void>;
  stop(deadline: AbortSignal): Promise<void>;
}

export interface ServeOptions {
  readonly onReady: () => void;
  readonly stopMs?: number;
  readonly echoMs?: number;
}

/**
 * Runs a service until SIGTERM or SIGINT. The first one stops it in good order, within 10 seconds; the second ends
 * the process at once with code 1, as does an error that nobody expected: what was acknowledged is on disk, and the
 * next start picks it up. Resolves to 0 after a stop, also one that came while it was starting; rejects with what
 * `start` failed with, after letting go of everything.
 *
 * @param options.onReady called once it has started
 * @param options.stopMs how long the stop may take; 10 seconds unless a test has less patience
 * @param options.echoMs how soon a second signal counts as the first one's echo; half a second unless a test says else
 */
export async function serve(service: Served, log: Logger, options: ServeOptions): Promise<number> {
  const { onReady, stopMs = usualStopMs, echoMs = usualEchoMs } = options;
  const die = (error: unknown) => {
    log.fatal({ err: error }, 'An unexpected error ends the process.');
    process.exit(1);
  };
  // A log that nobody reads any more is no reason to stop taking messages in.
  process.stdout.removeAllListeners('error').on('error', () => {});
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
  const stopping = stopRequest(log, echoMs);
  try {
    await service.start(stopping);
  } catch (error) {
    await stop(service, log, stopMs);
    if (stopping.aborted) return 0;
    throw error;
  }
  if (!stopping.aborted) {
    onReady();
    await aborted(stopping);
  }
  await stop(service, log, stopMs);
  log.info({}, 'stopped');
  return 0;
}

function stopRequest(log: Logger, echoMs: number): AbortSignal {
  const controller = new AbortController();
  let firstAt = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      if (performance.now() - firstAt < echoMs) return;
      log.warn({ signal }, 'Asked a second time: ending at once.');
      process.exit(1);
    }
    firstAt = performance.now();
    log.info({ signal }, 'stopping');
    controller.abort();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return controller.signal;
}

async function stop(service: Served, log: Logger, stopMs: number): Promise<void> {
  const deadline = new AbortController();
  // A timer of its own, as that of AbortSignal.timeout would let the process end in the middle of the wait.
  const timer = setTimeout(() => deadline.abort(), stopMs);
  const isLate = aborted(deadline.signal).then(() => true);
  if (await Promise.race([service.stop(deadline.signal).then(() => false), isLate])) {
    log.warn({ stopMs }, 'Not everything stopped in time; what was acknowledged is on disk.');
  }
  clearTimeout(timer);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
