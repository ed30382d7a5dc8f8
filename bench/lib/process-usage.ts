import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second in /proc; the kernel's interface to programs fixes it at 100. */
const ticksPerSecond = 100;

/** CPU time of a process with all its threads, user and system, in microseconds. Resolution 10 ms. */
function cpuUs(pid: number): number {
  return cpuUsIn(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

/** CPU time of each living thread, in microseconds, added up by thread name. */
function cpuUsByThread(pid: number): Map<string, number> {
  const byName = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
      const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
      byName.set(name, (byName.get(name) ?? 0) + cpuUsIn(stat));
    } catch {
      // The thread ended between the listing and the look.
    }
  }
  return byName;
}

function cpuUsIn(stat: string): number {
  // The name, in brackets, may hold anything; utime and stime are fields 14 and 15, the first field behind it is 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1e6) / ticksPerSecond;
}

/** Resident memory of a process in megabytes (10^6 bytes): now, and the most it ever had. */
export function residentMb(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (field: string) => (Number(new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  return { now: of('VmRSS'), peak: of('VmHWM') };
}

/** CPU used by several processes since a moment, for "microseconds a message". */
export class CpuMeter {
  readonly #pids: Readonly<Record<string, number>>;
  readonly #since: ReadonlyMap<string, number>;

  constructor(pids: Readonly<Record<string, number>>) {
    this.#pids = pids;
    this.#since = usageOf(pids);
  }

  /** Microseconds a message since the meter was made: of each process by its name, and of its threads by `name:thread`. */
  perMessage(messages: number): Record<string, number> {
    return Object.fromEntries(
      [...usageOf(this.#pids)].map(([name, us]) => [name, (us - (this.#since.get(name) ?? 0)) / messages]),
    );
  }
}

function usageOf(pids: Readonly<Record<string, number>>): Map<string, number> {
  return new Map(
    Object.entries(pids).flatMap(([name, pid]): [string, number][] => [
      [name, cpuUs(pid)],
      ...[...cpuUsByThread(pid)].map(([thread, us]): [string, number] => [`${name}:${thread}`, us]),
    ]),
  );
}

/** Processes that a process has started, and those that they have. */
export function childrenOf(pid: number): number[] {
  const own = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return own.flatMap((child) => [child, ...childrenOf(child)]);
}
