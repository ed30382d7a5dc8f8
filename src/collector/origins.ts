import type Database from 'better-sqlite3';
import type { DecodedRecord } from '../wire/record-reader.ts';

const maxKnown = 50_000;

interface Origin {
  readonly key: number;
  readonly gatewayKey: number;
  /** Any record of this origin. */
  readonly like: DecodedRecord;
}

/** Finds the row of `origins` that a record belongs to, and makes it when it is the first. */
export class Origins {
  readonly #find: Database.Statement;
  readonly #insert: Database.Statement;
  // By topic: a topic has one origin, or a few. Emptied when full.
  readonly #byTopic = new Map<string, Origin[]>();
  #known = 0;

  constructor(db: Database.Database) {
    const columns = 'gateway_key, topic, device, source, priority, clock_quality, profile, profile_version, historical';
    const condition = columns.split(', ').map((column) => `${column} = ?`);
    this.#find = db.prepare(`SELECT key FROM origins WHERE ${condition.join(' AND ')}`).pluck();
    this.#insert = db.prepare(`INSERT INTO origins (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  }

  /** Runs in the caller's transaction; after a rollback call {@link forget}. */
  keyOf(gatewayKey: number, record: DecodedRecord): number {
    const known = this.#byTopic.get(record.topic);
    if (known !== undefined) {
      for (let i = 0; i < known.length; i++) {
        const origin = known[i]!;
        if (origin.gatewayKey === gatewayKey && isAlike(origin.like, record)) return origin.key;
      }
    }
    const key = this.#store(gatewayKey, record);
    if (this.#known >= maxKnown) this.forget();
    this.#known++;
    const origin = {
      key,
      gatewayKey,
      like: { ...record, fields: [], payload: undefined, encoded: undefined, tags: [], supersedes: [] },
    };
    const others = this.#byTopic.get(record.topic);
    if (others === undefined) this.#byTopic.set(record.topic, [origin]);
    // A topic that speaks for ever new devices must not make the list long: the oldest goes.
    else if (others.unshift(origin) > 16) others.pop();
    return key;
  }

  forget(): void {
    this.#byTopic.clear();
    this.#known = 0;
  }

  #store(gatewayKey: number, record: DecodedRecord): number {
    const { topic, deviceId, source, priority, clockQuality, profile, profileVersion, historical } = record;
    const values = [gatewayKey, topic, deviceId, source, priority, clockQuality, profile, profileVersion];
    values.push(historical ? 1 : 0);
    const found = this.#find.get(values) as number | undefined;
    return found ?? Number(this.#insert.run(values).lastInsertRowid);
  }
}

function isAlike(a: DecodedRecord, b: DecodedRecord): boolean {
  return (
    a.deviceId === b.deviceId &&
    a.source === b.source &&
    a.priority === b.priority &&
    a.clockQuality === b.clockQuality &&
    a.profile === b.profile &&
    a.profileVersion === b.profileVersion &&
    a.historical === b.historical
  );
}
