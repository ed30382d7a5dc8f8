import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { atEnd } from './at-end.ts';
import { eventually } from './wait.ts';

/** Debian's own: the module is not seen by any other Python. */
const python = '/usr/bin/python3';
const script = fileURLToPath(new URL('modbus-slave.py', import.meta.url));

/** Devices by pymodbus: register A of unit U holds U * 256 + A, for A up to 199. */
export class ModbusSlave {
  /** Of a server over TCP. */
  readonly port: number;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** @param place the serial port, or `tcp:HOST:PORT` */
  static async start(t: TestContext, place: string, units: readonly number[]): Promise<ModbusSlave> {
    const child = spawn(python, [script, place, units.join(',')], { stdio: ['pipe', 'pipe', 'inherit'] });
    atEnd(t, () => child.kill('SIGKILL'));
    let said = '';
    child.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    await eventually('the Modbus slave', () => said.endsWith('\n'), {
      giveUp: () => (child.exitCode === null ? undefined : `it has ended with ${child.exitCode}`),
    });
    return new ModbusSlave(child, Number(said.split(' ')[1] ?? 0));
  }

  /** It is gone from one moment to the next. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
