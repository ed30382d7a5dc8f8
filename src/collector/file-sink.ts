import { closeSync, fdatasyncSync, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { HeadgateError } from '../core/errors.ts';
import { ensureDirectory } from '../lib/ensure-directory.ts';
import { Intervals } from '../lib/intervals.ts';
import { syncDirectory } from '../lib/sync-directory.ts';
import { RecordJson } from '../wire/record-json.ts';
import { RecordReader } from '../wire/record-reader.ts';
import { recoverFile } from './file-recovery.ts';
import { FileState } from './file-state.ts';
import { LineBuffer } from './line-buffer.ts';
import type { Delivery, Outcome, Sink } from './sink.ts';
import { storageError } from './sqlite-errors.ts';
import { commitSound, refuseMalformed, Staging } from './staging.ts';

/** Bytes behind the checkpoint at which it is moved: what opening has to scan at most, about a tenth of a second. */
const checkpointBytes = 16 << 20;
/** Streams remembered; beyond it all are forgotten, and read again from the state as they come. */
const maxStreams = 10_000;

interface KnownStream {
  readonly gateway: string;
  readonly epoch: string;
  readonly durable: Intervals;
  /** What has become durable since the checkpoint; the state has the rest. */
  sinceCheckpoint: Intervals;
  readonly linePrefix: string;
}

interface Open {
  readonly fd: number;
  readonly inode: number;
  readonly state: FileState;
  /** The checkpoint's place in the file. */
  checkpoint: number;
}

/**
 * Records as lines of JSON. One write and one fsync a group. The lines themselves say which sequences are durable: a
 * group that a crash cut short leaves whole lines, which count, and perhaps a torn last one, which is cut off. The state
 * beside the file only spares reading all of it on opening.
 */
export class FileSink implements Sink {
  readonly #path: string;
  readonly #note: (message: string) => void;
  readonly #reader = new RecordReader();
  readonly #json = new RecordJson();
  readonly #lines = new LineBuffer();
  readonly #streams = new Map<string, KnownStream>();
  #open: Open | undefined;

  /** @param note told, for the log, what was found and put right on opening */
  constructor(path: string, note: (message: string) => void) {
    this.#path = path;
    this.#note = note;
  }

  open(): void {
    this.#guard(() => {
      const directory = dirname(this.#path);
      ensureDirectory(directory, "The sink's directory");
      // The lock first: nothing is touched that another collector writes to.
      const state = new FileState(`${this.#path}.state`);
      let fd: number | undefined;
      try {
        fd = openSync(this.#path, 'a+', 0o644);
        const { ino: inode } = checkRegular(fd, this.#path);
        this.#open = { fd, inode, state, checkpoint: 0 };
        this.#recover(this.#open);
        // A new file's name has to survive a power cut too.
        syncDirectory(directory);
      } catch (error) {
        if (fd !== undefined) closeSync(fd);
        state.close();
        this.#open = undefined;
        throw error;
      }
    });
  }

  progress(gateway: string, epoch: string): Intervals {
    return this.#guard(() => this.#streamOf(this.#opened(), gateway, epoch).durable);
  }

  commit(deliveries: readonly Delivery[]): Outcome[] {
    return this.#guard(() => commitSound(deliveries, (sound) => this.#append(this.#opened(), sound)));
  }

  close(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    try {
      this.#moveCheckpoint(open, fstatSync(open.fd).size);
    } catch (error) {
      // Only the next opening takes longer for it.
      this.#note(`The checkpoint of ${this.#path} could not be written: ${String(error)}`);
    }
    this.#streams.clear();
    closeSync(open.fd);
    open.state.close();
  }

  #append(open: Open, deliveries: readonly Delivery[]): Outcome[] {
    const staging = new Staging<KnownStream>(this.#reader);
    // Of this attempt only: an earlier one may have been given up half-way.
    this.#lines.clear();
    const outcomes = deliveries.map((delivery) =>
      refuseMalformed(delivery, () => {
        const stream = this.#streamOf(open, delivery.gateway, delivery.epoch);
        return staging.add(stream, delivery.upload, (record) => {
          this.#lines.add(`${this.#json.line(stream.linePrefix, record)}\n`);
        });
      }),
    );
    this.#write(open, this.#lines.take());
    for (const [stream, fresh] of staging.fresh()) {
      for (const { first, last } of fresh) stream.sinceCheckpoint.add(first, last);
    }
    staging.settle();
    const { size } = fstatSync(open.fd);
    if (size - open.checkpoint >= checkpointBytes || this.#streams.size > maxStreams) this.#moveCheckpoint(open, size);
    return outcomes;
  }

  #write(open: Open, chunks: readonly Buffer[]): void {
    if (chunks.length === 0) return;
    const { size } = fstatSync(open.fd);
    try {
      for (const chunk of chunks) {
        for (let at = 0; at < chunk.length; ) at += writeSync(open.fd, chunk, at);
      }
      fdatasyncSync(open.fd);
    } catch (error) {
      // After a failed fsync the kernel may forget what it could not write and call it clean: those bytes must go, so
      // that what is sent again is written again.
      try {
        ftruncateSync(open.fd, size);
      } catch {
        // A disk that refuses even this: opening it again will meet the same refusal, or find whole lines.
      }
      throw error;
    }
  }

  #moveCheckpoint(open: Open, size: number): void {
    const added = [...this.#streams.values()].filter((stream) => stream.sinceCheckpoint.size > 0);
    if (size === open.checkpoint && added.length === 0) return;
    open.state.save(
      { offset: size, inode: open.inode },
      added.map(({ gateway, epoch, sinceCheckpoint }) => ({ gateway, epoch, runs: sinceCheckpoint })),
    );
    open.checkpoint = size;
    for (const stream of added) stream.sinceCheckpoint = new Intervals();
    // All are in the state now, and are read from there when they are needed again.
    if (this.#streams.size > maxStreams) this.#streams.clear();
  }

  #recover(open: Open): void {
    this.#streams.clear();
    const found = recoverFile(open.fd, this.#path, open.inode, open.state.checkpoint, this.#note, (name) => {
      const { durable, sinceCheckpoint } = this.#streamOf(open, name.gateway, name.epoch);
      durable.add(name.sequence, name.sequence);
      sinceCheckpoint.add(name.sequence, name.sequence);
    });
    // Whole lines that a crash left may not be on the disk yet, and are about to be called durable.
    fsyncSync(open.fd);
    open.checkpoint = found.scannedFrom;
    this.#moveCheckpoint(open, found.size);
  }

  #streamOf(open: Open, gateway: string, epoch: string): KnownStream {
    const name = nameOf(gateway, epoch);
    const known = this.#streams.get(name);
    if (known !== undefined) return known;
    const stream: KnownStream = {
      gateway,
      epoch,
      durable: open.state.load(gateway, epoch),
      sinceCheckpoint: new Intervals(),
      linePrefix: this.#json.prefix(gateway, epoch),
    };
    this.#streams.set(name, stream);
    return stream;
  }

  #opened(): Open {
    if (this.#open === undefined) throw new Error('the sink is not open');
    return this.#open;
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw storageError(this.#path, error);
    }
  }
}

function nameOf(gateway: string, epoch: string): string {
  return JSON.stringify([gateway, epoch]);
}

function checkRegular(fd: number, path: string): { ino: number } {
  const stat = fstatSync(fd);
  if (!stat.isFile()) throw new HeadgateError('config.invalid', `The sink ${path} is not a regular file.`);
  return stat;
}
