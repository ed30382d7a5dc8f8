// Loaded into the gateway before its own code (`node --import`): on SIGUSR2 appends how late the main thread's timers
// fired since the last SIGUSR2, as a line of JSON, to the file that BENCH_LOOP_FILE names. What the gateway's status
// tells is of the last 10 to 20 seconds, its start perhaps included; here the bench says when a span begins and ends.
import { appendFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';
import type { LoopDelay } from './headgate.ts';

const resolutionMs = 10;
const file = process.env.BENCH_LOOP_FILE;

// Workers, and an embedded collector's process, are started with the same options.
if (file !== undefined && isMainThread && process.argv.includes('run')) {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  process.on('SIGUSR2', () => {
    // The timer's own interval is part of what is measured, and no delay.
    const late = (ns: number) => Math.max(0, ns / 1e6 - resolutionMs);
    const told: LoopDelay = { p99: late(delays.percentile(99)), max: late(delays.max), count: delays.count };
    delays.reset();
    appendFileSync(file, `${JSON.stringify(told)}\n`);
  });
}
