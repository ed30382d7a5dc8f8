import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../core/errors.ts';
import { readIfThere, removeFile, writePrivateFile } from '../lib/private-file.ts';
import type { Before } from './gate.ts';

/** Where notes lie that outlast a slot, on the data partition. */
export const notesDirectory = '/data/machine';

/** An update that was taken back. */
export interface TakenBack {
  /** Of what did not stay; undefined: it did not come so far as to say. */
  readonly version: string | undefined;
  /** ISO 8601 in UTC, by the clock that the machine had. */
  readonly at: string;
  /** Part of a sentence. */
  readonly reason: string;
}

/** What the machine keeps of trials: written by root, and read by the gateway too. */
export class GateNotes {
  readonly #directory: string;

  constructor(directory: string = notesDirectory) {
    this.#directory = directory;
  }

  /** The update that was taken back last; undefined: none, or another has been kept since. @throws when it can't be read */
  get takenBack(): TakenBack | undefined {
    const found = this.#read('rollback.json');
    if (found === undefined) return undefined;
    const { version, at, reason } = found;
    return {
      version: typeof version === 'string' ? version : undefined,
      at: typeof at === 'string' ? at : '',
      reason: typeof reason === 'string' ? reason : 'for a reason that was not written down',
    };
  }

  /** Durable when it returns. @throws {HeadgateError} data.unwritable, data.full */
  noteTakenBack(taken: TakenBack): void {
    this.#write('rollback.json', taken);
  }

  /** The version whose trial began last, where nobody has said what became of it. */
  get onTrial(): string | undefined {
    const version = this.#read('trial.json')?.version;
    return typeof version === 'string' ? version : undefined;
  }

  /** What became of the trial is written down. */
  endTrial(): void {
    removeFile(join(this.#directory, 'trial.json'));
  }

  /** An update was kept: what became of earlier ones matters no more. */
  forgetTakenBack(): void {
    removeFile(join(this.#directory, 'rollback.json'));
  }

  /** How the uplink was when a version that is not this one was stopped last. */
  before(thisVersion: string): Before {
    try {
      const { version, uplink } = this.#read('uplink.json') ?? {};
      if (version === thisVersion) return 'unknown';
      return uplink === 'worked' || uplink === 'refused' || uplink === 'down' ? uplink : 'unknown';
    } catch {
      // A note that can't be read says as little as none.
      return 'unknown';
    }
  }

  noteUplink(version: string, uplink: Before): void {
    this.#write('uplink.json', { version, uplink });
  }

  #read(name: string): Readonly<Record<string, unknown>> | undefined {
    const path = join(this.#directory, name);
    const text = readIfThere(path);
    if (text === undefined) return undefined;
    try {
      const value: unknown = JSON.parse(text);
      return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
    } catch (error) {
      // That it is there tells something all the same.
      return { reason: `for a reason that can't be read (${path}: ${messageOf(error)})` };
    }
  }

  #write(name: string, value: object): void {
    const path = join(this.#directory, name);
    writePrivateFile(path, `${JSON.stringify(value)}\n`, 'The note');
    // The gateway, which is not root, tells of it.
    chmodSync(path, 0o644);
  }
}
