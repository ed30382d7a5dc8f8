import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { monotonicMs } from './load-protocol.ts';

const living = new Set<ChildProcess>();
const folders = new Set<string>();

// However this process ends, short of kill -9, nothing of it stays: neither processes nor data.
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Ends whatever a run that failed has left behind. */
export async function endAll(): Promise<void> {
  await Promise.all(
    [...living].map((child) => {
      child.kill('SIGKILL');
      return new Promise((resolve) => child.once('exit', resolve));
    }),
  );
}

/** A process that the bench started. */
export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly startedMs: number;
  /** The last lines it wrote to stderr (and stdout, where nobody else reads it). */
  readonly lastLines: string[];
  /** Rejects, with those lines, when the process ends before it was asked to. */
  readonly failed: Promise<never>;
  /** kill -9. Resolves when it has ended. */
  kill(): Promise<void>;
  /** SIGTERM, and SIGKILL when that takes more than 15 seconds. Resolves when it has ended. */
  end(): Promise<void>;
}

/**
 * Starts a process that dies with this one.
 *
 * @param name for people: "the gateway"
 * @param onLine gets each line of its stdout
 */
export async function startChild(
  name: string,
  command: string,
  args: readonly string[],
  { onLine, ...options }: SpawnOptions & { onLine?: (line: string) => void } = {},
): Promise<Child> {
  const startedMs = monotonicMs();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  living.add(child);
  const lastLines: string[] = [];
  const keep = (line: string) => {
    lastLines.push(line);
    if (lastLines.length > 20) lastLines.shift();
  };
  eachLine(child.stdout, onLine ?? keep);
  eachLine(child.stderr, keep);
  let isEnding = false;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      living.delete(child);
      resolve();
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => {
      living.delete(child);
      reject(new Error(`${name} could not be started (${command}): ${error.message}`));
    });
  });
  const failed = ended.then(async () => {
    if (isEnding) return await new Promise<never>(() => {});
    // What it wrote last may still be in the pipe.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const code = child.exitCode ?? child.signalCode;
    throw new Error(`${name} ended with ${code}${lastLines.length > 0 ? `:\n${lastLines.join('\n')}` : ''}`);
  });
  // Whoever waits for the process hears of it; that nobody waits just now is no reason to crash.
  failed.catch(() => {});
  return {
    process: child,
    pid: child.pid!,
    startedMs,
    lastLines,
    failed,
    kill: async () => {
      isEnding = true;
      child.kill('SIGKILL');
      await ended;
    },
    end: async () => {
      isEnding = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Removes the folder when this process ends, whatever the reason. */
export function removeAtEnd(folder: string): void {
  folders.add(folder);
}

function eachLine(stream: NodeJS.ReadableStream | null, onLine: (line: string) => void): void {
  let rest = '';
  stream?.setEncoding('utf8').on('data', (text) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}
