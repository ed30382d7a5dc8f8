import { existsSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import Database from 'better-sqlite3';
import { HeadgateError, messageOf } from '../core/errors.ts';
import { syncDirectory } from '../lib/sync-directory.ts';
import { keepAside, readFiles, stamped } from './evidence.ts';
import { laneOf } from './lane.ts';
import type { LaneStore } from './lane-store.ts';
import type { Damage, Identity, LaneInfo, NewBatch } from './worker-protocol.ts';

/** Where the first release kept everything: one database file, with a row for each batch that waits. */
export const legacyName = 'buffer.db';
const legacyVersion = 1;
/** Everything waited alike then, as what the rule without a wish keeps does now. */
const info: LaneInfo = laneOf({ rule: 'default', priority: 'normal', durability: 'local', whenFull: 'dropOldest' });
/** What is imported in one transaction. */
const stepBytes = 4 * 2 ** 20;
const segmentBytes = 16 * 2 ** 20;

interface Row {
  readonly first_sequence: number;
  readonly count: number;
  readonly opened_at_ms: number;
  readonly checksum: number;
  readonly records: Uint8Array<ArrayBuffer>;
}

/**
 * The first release's buffer, to be moved into this one's. Until all of it is there its file stays as it is, so that a
 * crash, at whatever moment, only means that the rest is imported by the next start. A version on trial imports it as well: what
 * comes of it is read by every version that a machine may go back to.
 */
export class LegacyBuffer {
  readonly identity: Identity;
  readonly lastSequence: number;
  readonly #path: string;
  readonly #db: Database.Database;

  private constructor(path: string, db: Database.Database) {
    this.#path = path;
    this.#db = db;
    this.identity = db.prepare('SELECT gateway, epoch FROM identity').get() as Identity;
    const { saved } = db.prepare('SELECT last_sequence AS saved FROM state').get() as { saved: number };
    const newest = db.prepare('SELECT max(first_sequence + count - 1) FROM batches').pluck().get() as number | null;
    this.lastSequence = Math.max(saved, newest ?? 0);
  }

  /**
   * @returns undefined when there is none; what was wrong when it can't be read: then it has been moved aside
   * @throws {HeadgateError} data.in-use, data.newer
   */
  static open(path: string, damagedDirectory: string): LegacyBuffer | Damage | undefined {
    if (!existsSync(path)) return undefined;
    const files = readFiles(path);
    let db: Database.Database | undefined;
    try {
      db = new Database(path, { timeout: 0 });
      db.pragma('locking_mode = EXCLUSIVE');
      const version = db.pragma('user_version', { simple: true }) as number;
      if (version > legacyVersion) {
        throw new HeadgateError('data.newer', `${path} was made by a newer Headgate (its format is ${version}).`);
      }
      return new LegacyBuffer(path, db);
    } catch (error) {
      db?.close();
      if (error instanceof HeadgateError) throw error;
      if (/^SQLITE_(BUSY|LOCKED)/.test((error as { code?: string }).code ?? '')) {
        throw new HeadgateError('data.in-use', `${path} is in use by another program.`, { cause: error });
      }
      keepAside(path, files, damagedDirectory, stamped(legacyName));
      const message = `${path}, of an earlier release, can't be read (${messageOf(error)}): it was moved to ${damagedDirectory}.`;
      return { message, lane: info.key, holes: [] };
    }
  }

  /**
   * Copies what waits, in order and under its sequences, behind what a start before has copied. Then the file is renamed.
   * @throws {HeadgateError} data.unwritable
   */
  moveTo(laneFor: (info: LaneInfo) => LaneStore): Damage[] {
    const lane = laneFor(info);
    const damages: Damage[] = [];
    let after = Math.max(0, ...lane.segments.map((segment) => segment.lastSequence));
    try {
      for (let batches = this.#read(after, damages); batches.length > 0; batches = this.#read(after, damages)) {
        lane.write({ lane: info, batches, segmentBytes, generation: 0 });
        const last = batches.at(-1)!;
        after = last.firstSequence + last.count - 1;
      }
      this.#db.close();
      for (const suffix of ['-wal', '']) {
        if (existsSync(this.#path + suffix)) renameSync(this.#path + suffix, `${this.#path}.imported${suffix}`);
      }
      syncDirectory(dirname(this.#path));
    } catch (error) {
      throw new HeadgateError(
        'data.unwritable',
        `${this.#path}, of an earlier release, can't be moved into this one's buffer: ${messageOf(error)}. ` +
          'It needs about as much free space again; nothing of it is lost, and the next start goes on with it.',
        { cause: error },
      );
    } finally {
      this.#db.close();
    }
    return damages;
  }

  /** Leaves it alone. */
  close(): void {
    this.#db.close();
  }

  /** The next batches that are sound, about `stepBytes` of them; none at the end, or where the file can't be read on. */
  #read(after: number, damages: Damage[]): NewBatch[] {
    const batches: NewBatch[] = [];
    let bytes = 0;
    let last = after;
    try {
      const rows = this.#db
        .prepare(
          `SELECT first_sequence, count, opened_at_ms, checksum, records FROM batches
           WHERE first_sequence > ? ORDER BY first_sequence`,
        )
        .iterate(after) as IterableIterator<Row>;
      for (const row of rows) {
        if (!isSound(row, last)) {
          damages.push(damageOf(this.#path, `the batch at sequence ${row.first_sequence} is damaged`));
          continue;
        }
        const { first_sequence: firstSequence, count, records, opened_at_ms: takenAtMs } = row;
        batches.push({ firstSequence, count, records, takenAtMs, ageAtMs: 0 });
        last = firstSequence + count - 1;
        bytes += records.length;
        if (bytes >= stepBytes) break;
      }
    } catch (error) {
      damages.push(damageOf(this.#path, messageOf(error)));
    }
    return batches;
  }
}

function isSound({ first_sequence, count, checksum, records }: Row, after: number): boolean {
  if (!(records instanceof Uint8Array) || !Number.isSafeInteger(count) || count < 1) return false;
  return first_sequence > after && crc32(records) === checksum;
}

function damageOf(path: string, what: string): Damage {
  return { message: `${path}, of an earlier release, can't be moved whole: ${what}.`, lane: info.key, holes: [] };
}
