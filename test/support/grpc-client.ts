import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { atEnd } from './at-end.ts';
import { tempDir } from './temp-dir.ts';
import { within } from './wait.ts';

const root = join(import.meta.dirname, '../..');

export interface Asked {
  /** `/headgate.v1.Gateway/GetDevice` */
  readonly path: string;
  /** In proto3's JSON; of a call that takes one message, one. */
  readonly requests: readonly object[];
  readonly metadata?: readonly (readonly [string, string])[];
  /** After so many answers the call is cancelled. */
  readonly take?: number;
}

export interface Answered {
  /** In proto3's JSON. */
  readonly answers: readonly Readonly<Record<string, unknown>>[];
  readonly failure?: {
    readonly status: string;
    readonly details: string;
    readonly trailing: Readonly<Record<string, string>>;
  };
}

/** Google's own gRPC library, in Python, with our protos as buf reads them. */
export class GrpcClient {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting: ((answered: Answered) => void)[] = [];
  readonly #followed = new Map<number, (answer: Readonly<Record<string, unknown>>) => void>();

  /** @param address `HOST:PORT` @param ca file with the authority (PEM) that the server is known by; without it, no TLS */
  constructor(t: TestContext, address: string, ca?: string) {
    const descriptors = join(tempDir(t), 'protos.binpb');
    execFileSync(join(root, 'node_modules/.bin/buf'), ['build', '-o', descriptors], { cwd: root });
    const args = [join(import.meta.dirname, 'grpc_client.py'), descriptors, address, ...(ca === undefined ? [] : [ca])];
    this.#process = spawn('/usr/bin/python3', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    atEnd(t, () => this.#process.kill('SIGKILL'));
    createInterface(this.#process.stdout).on('line', (line) => this.#heard(JSON.parse(line)));
  }

  /** Asks, and waits for the end of the call. */
  ask(asked: Asked): Promise<Answered> {
    this.#process.stdin.write(`${JSON.stringify(asked)}\n`);
    return within(30_000, asked.path, new Promise((resolve) => this.#waiting.push(resolve)));
  }

  /** Asks, and tells of each answer as it comes. */
  follow(asked: Asked, told: (answer: Readonly<Record<string, unknown>>) => void): void {
    const follow = this.#followed.size + 1;
    this.#followed.set(follow, told);
    this.#process.stdin.write(`${JSON.stringify({ ...asked, follow })}\n`);
  }

  #heard({ follow, answer, ...answered }: Answered & { readonly follow?: number; readonly answer?: object }): void {
    if (typeof follow !== 'number') this.#waiting.shift()?.(answered);
    else if (answer !== undefined) this.#followed.get(follow)?.(answer as Readonly<Record<string, unknown>>);
  }
}
