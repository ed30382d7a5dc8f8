import { spawn } from 'node:child_process';
import type { TestContext } from 'node:test';
import { atEnd } from './at-end.ts';
import { eventually, within } from './wait.ts';

export interface Ended {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a program to its end, within 20 s. @throws an Error when it can't be started or takes longer */
export async function runProgram(
  program: string,
  args: readonly string[],
  input: Uint8Array = Buffer.alloc(0),
): Promise<Ended> {
  const child = spawn(program, args, { stdio: 'pipe' });
  const stdout: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => stdout.push(data));
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  // It may end before it has read all of its input.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  try {
    const code = await within(20_000, `${program} ${args.join(' ')}`, ended);
    return { code, stdout: Buffer.concat(stdout), stderr };
  } finally {
    child.kill('SIGKILL');
  }
}

/** `mosquitto_pub` with these arguments. @throws an Error with what it said when it does not end with 0 */
export async function mosquittoPub(port: number, args: readonly string[], input?: Uint8Array): Promise<void> {
  const { code, stderr } = await runProgram('mosquitto_pub', ['-h', '127.0.0.1', '-p', `${port}`, ...args], input);
  if (code !== 0) throw new Error(`mosquitto_pub ${args.join(' ')} ended with ${code}: ${stderr}`);
}

/** `mosquitto_sub` in the background: what it was told, line by line. Ready means that it has its SUBACK. */
export class MosquittoSub {
  readonly lines: string[] = [];
  readonly #child;
  #debug = '';

  private constructor(port: number, args: readonly string[]) {
    // It writes to a pipe in blocks, unless made to do so by lines. -d prints the packets, SUBACK among them.
    const command = ['-oL', 'mosquitto_sub', '-h', '127.0.0.1', '-p', `${port}`, '-d', '-F', '=%t %q %r %p', ...args];
    this.#child = spawn('stdbuf', command, { stdio: ['ignore', 'pipe', 'pipe'] });
    let rest = '';
    this.#child.stdout.on('data', (data: Buffer) => {
      const lines = `${rest}${data.toString()}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line.startsWith('=')) this.lines.push(line.slice(1));
        else this.#debug += `${line}\n`;
      }
    });
    this.#child.stderr.on('data', (data: Buffer) => {
      this.#debug += data.toString();
    });
  }

  /** Lines are `TOPIC QOS RETAINED PAYLOAD`. */
  static async start(t: TestContext, port: number, args: readonly string[]): Promise<MosquittoSub> {
    const sub = new MosquittoSub(port, args);
    atEnd(t, () => sub.kill());
    await eventually('SUBACK', () => /Subscribed|SUBACK/.test(sub.#debug), {
      giveUp: () => (sub.#child.exitCode === null ? undefined : `mosquitto_sub has ended: ${sub.#debug}`),
    });
    return sub;
  }

  /** Ends it without DISCONNECT. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }
}
