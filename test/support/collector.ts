import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { HeadgateProcess } from './headgate-process.ts';
import type { MutualTls } from './mutual-tls.ts';
import { freePort } from './tcp-port.ts';
import { tempDir } from './temp-dir.ts';
import { within } from './wait.ts';

/** A record as the `file:` sink writes it and `headgate collector records` prints it. */
export interface RecordLine {
  readonly gateway: string;
  readonly epoch: string;
  readonly sequence: string;
  readonly deviceId?: string;
  readonly time: string;
  readonly receivedAt: string;
  readonly source: string;
  readonly topic: string;
  readonly priority?: string;
  readonly clockQuality?: string;
  readonly fields?: readonly FieldLine[];
  /** base64 */
  readonly payload?: string;
  readonly historical?: boolean;
  readonly retained?: boolean;
  /** In hex. */
  readonly traceId?: string;
  readonly profile?: string;
  /** A loss that the gateway reports; without a count when that is not known. */
  readonly gap?: { readonly reason: string; readonly count?: string };
}

export interface FieldLine {
  readonly name: string;
  readonly unit?: string;
  readonly number?: number | string;
  readonly integer?: string;
  readonly boolean?: boolean;
  readonly text?: string;
  readonly data?: string;
}

export interface CollectorOptions {
  readonly sink: string;
  /** Default: one of its own. A collector that comes back needs the port that it had. */
  readonly port?: number | undefined;
  readonly env?: Readonly<Record<string, string>>;
  /** For what it keeps of its own. Default: beside the records; a temporary one when they are in NATS. */
  readonly directory?: string;
  /** Wait for `ready`. Default true. */
  readonly wait?: boolean;
  readonly tls?: MutualTls | undefined;
}

/** Runs a collector alone. */
export async function startCollector(t: TestContext, options: CollectorOptions): Promise<HeadgateProcess> {
  const { sink, port = await freePort(), env = {}, wait = true, tls } = options;
  const directory = options.directory ?? (sink.startsWith('nats:') ? tempDir(t) : undefined);
  const collector = HeadgateProcess.spawn(t, 'collector', {
    set: {
      'collector.port': port,
      'collector.sink': sink,
      ...(directory !== undefined && { 'collector.directory': directory }),
      ...tls?.collector,
    },
    env,
  });
  if (wait) await collector.ready();
  return collector;
}

/** Follows a `file:` sink: each look reads what was appended since the last one. A torn last line waits for its end. */
export class SinkFile {
  readonly path: string;
  readonly records: RecordLine[] = [];
  #offset = 0;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * All records so far, in the order of the file.
   *
   * @throws an Error when the file has become shorter than what was read, or a line is not JSON
   */
  look(): readonly RecordLine[] {
    if (!existsSync(this.path)) return this.records;
    const fd = openSync(this.path, 'r');
    try {
      const { size } = fstatSync(fd);
      if (size < this.#offset) throw new Error(`${this.path} lost ${this.#offset - size} bytes of whole lines`);
      const bytes = Buffer.alloc(size - this.#offset);
      const text = bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, this.#offset));
      const end = text.lastIndexOf(0x0a) + 1;
      this.#offset += end;
      for (const line of text.toString('utf8', 0, end).split('\n')) {
        if (line !== '') this.records.push(JSON.parse(line) as RecordLine);
      }
      return this.records;
    } finally {
      closeSync(fd);
    }
  }
}

/** All records of any sink, by `headgate collector records`. */
export async function recordsOf(t: TestContext, sink: string): Promise<RecordLine[]> {
  const process = HeadgateProcess.spawn(t, 'collector', {
    args: ['records', '--sink', sink, '--last', '900000000'],
    isQuiet: true,
  });
  const exit = await within(30_000, 'the records', process.exited);
  if (exit.code !== 0) throw new Error(`collector records ended with ${exit.code}: ${process.said()}`);
  // A record has no msg, so none of these lines was taken for a log line.
  return process.output.filter((line) => line !== '').map((line) => JSON.parse(line) as RecordLine);
}
