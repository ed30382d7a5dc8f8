import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { tempDir } from './temp-dir.ts';

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
  readonly #lines: AsyncIterator<string>;

  /** @param address `HOST:PORT` */
  constructor(t: TestContext, address: string) {
    const descriptors = join(tempDir(t), 'protos.binpb');
    execFileSync(join(root, 'node_modules/.bin/buf'), ['build', '-o', descriptors], { cwd: root });
    const args = [join(import.meta.dirname, 'grpc_client.py'), descriptors, address];
    this.#process = spawn('/usr/bin/python3', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    t.after(() => this.#process.kill('SIGKILL'));
    this.#lines = createInterface(this.#process.stdout)[Symbol.asyncIterator]();
  }

  async ask(asked: Asked): Promise<Answered> {
    this.#process.stdin.write(`${JSON.stringify(asked)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('The Python client has ended.');
    return JSON.parse(value) as Answered;
  }
}
