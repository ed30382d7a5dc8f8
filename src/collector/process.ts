// The process of the embedded collector: lives as long as the gateway that made it holds the other end of the channel.
import { flushCompileCache } from 'node:module';
import type { ErrorCode } from '../core/errors.ts';
import type { LogOptions } from '../instrumentation/options.ts';
import type { Service } from '../lib/service.ts';
import type { FromChild, ToChild } from './process-protocol.ts';

/** Without a gateway nobody sets a deadline: the current commit gets this long. */
const orphanDeadlineMs = 10_000;

let collector: (Service & { readonly address: string }) | undefined;
let isStopping = false;

// Ctrl-C and systemd's stop go to all processes at once, but this one has to outlast the gateway's uplink: the gateway
// says when, by a message or by its end.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('disconnect', () => void stop(orphanDeadlineMs));
process.on('message', (message: ToChild) => {
  if (message.kind === 'start') void start(message);
  else void stop(message.deadlineMs);
});

async function start({ options, logLevel }: ToChild & { kind: 'start' }): Promise<void> {
  try {
    const [{ Collector }, { createLog }] = await Promise.all([
      import('./collector.ts'),
      import('../instrumentation/log.ts'),
    ]);
    const log = createLog({ level: logLevel as LogOptions['level'] }).child({ part: 'collector' });
    collector = new Collector(options, log);
    await collector.start(new AbortController().signal);
    tell({ kind: 'ready', address: collector.address });
    // Now, because a process that is killed does not.
    flushCompileCache();
  } catch (error) {
    const { code = 'startup.failed', message } = error as { code?: ErrorCode; message: string };
    tell({ kind: 'failed', code, message }, () => process.exit(1));
  }
}

async function stop(deadlineMs: number): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  await collector?.stop(AbortSignal.timeout(deadlineMs));
  process.exit(0);
}

function tell(message: FromChild, then: () => void = () => {}): void {
  // The gateway may be gone already: then there is nobody to tell, and `disconnect` ends this process.
  if (process.connected) process.send?.(message, then);
  else then();
}
