/** What a machine's memory is taken by, in MB. */
export interface Memory {
  /** Resident memory of all processes, what they share counted in each. */
  readonly processesMB: number;
  readonly gatewayMB: number;
  /** What is not available any more: processes, kernel and files in RAM. */
  readonly usedMB: number;
  readonly totalMB: number;
}

/** For a machine's shell: what {@link memoryOf} reads. A process may end between its being listed and its being read. */
export const memoryCommand = 'cat /proc/meminfo; cat /proc/[0-9]*/status 2>/dev/null || true';

/** Reads /proc/meminfo and, behind it, /proc/PID/status of all processes. */
export function memoryOf(text: string): Memory {
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? Number.NaN);
  let processes = 0;
  let gateway = 0;
  for (const part of text.split(/^(?=Name:)/m)) {
    const resident = Number(/^VmRSS:\s+(\d+) kB$/m.exec(part)?.[1] ?? 0);
    processes += resident;
    // Node's main thread names the process; the collector beside it and the gateway are the only ones of this program.
    if (/^Name:\s+(node|headgate|MainThread)/.test(part)) gateway += resident;
  }
  const megabytes = (value: number) => Math.round((value * 1024) / 1e6);
  return {
    processesMB: megabytes(processes),
    gatewayMB: megabytes(gateway),
    usedMB: megabytes(kib('MemTotal') - kib('MemAvailable')),
    totalMB: megabytes(kib('MemTotal')),
  };
}
