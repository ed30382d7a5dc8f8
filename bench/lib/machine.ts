import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { measureDisk } from './disk-floor.ts';

/** What the numbers were measured on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  readonly mosquitto: string;
  /** Of the data directories: `ext4 on /dev/sda1`. */
  readonly disk: string;
  /** Append and fsync of 4 KiB: median and 99th percentile in ms. */
  readonly fsyncMs: { readonly p50: number; readonly p99: number };
  /** One-minute load average before the bench began. Well above 0, somebody else was at work. */
  readonly loadBefore: number;
}

export function describeMachine(folder: string): Machine {
  const { times } = measureDisk(folder, 4096, 1);
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    mosquitto: mosquittoVersion(),
    disk: diskOf(folder),
    fsyncMs: { p50: times.p50, p99: times.p99 },
    loadBefore: loadavg()[0] ?? 0,
  };
}

/** @throws an Error that says how to get it, when it isn't there */
function mosquittoVersion(): string {
  try {
    const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
    // `-h` ends with 1 in some versions; the version is in its first line.
    return execFileSync('sh', ['-c', 'command -v mosquitto >/dev/null && mosquitto -h | head -n 1'], {
      env,
      encoding: 'utf8',
    })
      .trim()
      .replace('mosquitto version ', '');
  } catch (error) {
    throw new Error('The bench needs Mosquitto as a peer. Run: apt-get install mosquitto', { cause: error });
  }
}

function diskOf(folder: string): string {
  const path = `${realpathSync(folder)}/`;
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  const own = mounts
    .filter(([, point]) => point !== undefined && path.startsWith(point.endsWith('/') ? point : `${point}/`))
    .sort(([, one], [, other]) => one!.length - other!.length)
    .at(-1);
  return own === undefined ? 'unknown' : `${own[2]} on ${own[0]}`;
}
