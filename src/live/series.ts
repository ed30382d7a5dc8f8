import type { Field, Tag } from '../core/measurement.ts';
import type { Taken } from '../core/taken.ts';
import type { Audience } from './audience.ts';
import type { FeedEvent } from './event.ts';

/**
 * What a device says again and again on one topic: the same fields with the same tags. Whoever can't follow gets the newest of
 * each. Who wants one of its events wants all of them, so that is found out once.
 */
export class Series {
  readonly deviceId: string;
  readonly topic: string;
  readonly kind: Taken['kind'];
  readonly fieldNames: readonly string[];
  readonly #tags: readonly Tag[];
  /** Those who want it. */
  audiences: readonly Audience[];
  newest: FeedEvent | undefined;
  /** Neighbours in order of their newest events. */
  older: Series | undefined;
  newer: Series | undefined;

  constructor(
    { measurement: { deviceId, fields, tags }, topic, kind }: Taken,
    audiencesOf: (series: Series) => readonly Audience[],
  ) {
    this.deviceId = deviceId;
    this.topic = topic;
    this.kind = kind;
    this.fieldNames = fields.map(({ name }) => name);
    this.#tags = tags ?? none;
    this.audiences = audiencesOf(this);
  }

  isOf({ kind, measurement: { fields, tags = none } }: Taken): boolean {
    return kind === this.kind && hasNames(this.fieldNames, fields) && areSame(this.#tags, tags);
  }
}

const none: readonly Tag[] = [];
/** Series of one device on one topic: beyond that the one that was silent for longest goes. */
const maxOnTopic = 32;

/** The series that were heard since somebody reads, within a bound. */
export class SeriesBook {
  readonly #max: number;
  readonly #audiencesOf: (series: Series) => readonly Audience[];
  readonly #byTopic = new Map<string, Map<string, Series[]>>();
  #oldest: Series | undefined;
  #newest: Series | undefined;
  #count = 0;
  /** The number up to which the newest event of some series may be forgotten. */
  #lostUpTo = 0;

  /**
   * @param max series that are known at the most
   * @param audiencesOf who wants one, when it is heard for the first time
   */
  constructor(max: number, audiencesOf: (series: Series) => readonly Audience[]) {
    this.#max = max;
    this.#audiencesOf = audiencesOf;
  }

  get count(): number {
    return this.#count;
  }

  get lostUpTo(): number {
    return this.#lostUpTo;
  }

  /** The series whose newest event is the newest of all; from it on by `older`. */
  get newest(): Series | undefined {
    return this.#newest;
  }

  of(taken: Taken): Series {
    const { topic } = taken;
    const { deviceId } = taken.measurement;
    let byDevice = this.#byTopic.get(topic);
    if (byDevice === undefined) {
      byDevice = new Map();
      this.#byTopic.set(topic, byDevice);
    }
    let list = byDevice.get(deviceId);
    if (list === undefined) {
      list = [];
      byDevice.set(deviceId, list);
    }
    for (let i = 0; i < list.length; i++) if (list[i]!.isOf(taken)) return list[i]!;
    const series = new Series(taken, this.#audiencesOf);
    list.push(series);
    this.#count++;
    this.#append(series);
    if (list.length > maxOnTopic) this.#remove(longestSilent(list.slice(0, -1)));
    if (this.#count > this.#max && this.#oldest !== undefined) this.#remove(this.#oldest);
    return series;
  }

  /** Notes an event as its series' newest. */
  note(series: Series, event: FeedEvent): void {
    series.newest = event;
    if (series === this.#newest) return;
    this.#unlink(series);
    this.#append(series);
  }

  /** @param number everything up to it is forgotten */
  clear(number: number): void {
    this.#byTopic.clear();
    this.#oldest = undefined;
    this.#newest = undefined;
    this.#count = 0;
    this.#lostUpTo = number;
  }

  #append(series: Series): void {
    series.older = this.#newest;
    series.newer = undefined;
    if (this.#newest === undefined) this.#oldest = series;
    else this.#newest.newer = series;
    this.#newest = series;
  }

  #unlink(series: Series): void {
    const { older, newer } = series;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
  }

  #remove(series: Series): void {
    this.#unlink(series);
    this.#count--;
    this.#lostUpTo = Math.max(this.#lostUpTo, series.newest?.number ?? 0);
    const byDevice = this.#byTopic.get(series.topic);
    const list = byDevice?.get(series.deviceId);
    if (byDevice === undefined || list === undefined) return;
    list.splice(list.indexOf(series), 1);
    if (list.length === 0) byDevice.delete(series.deviceId);
    if (byDevice.size === 0) this.#byTopic.delete(series.topic);
  }
}

function longestSilent(list: readonly Series[]): Series {
  return list.reduce((a, b) => ((a.newest?.number ?? 0) <= (b.newest?.number ?? 0) ? a : b));
}

function hasNames(names: readonly string[], fields: readonly Field[]): boolean {
  if (names.length !== fields.length) return false;
  for (let i = 0; i < names.length; i++) if (names[i] !== fields[i]!.name) return false;
  return true;
}

function areSame(a: readonly Tag[], b: readonly Tag[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i]![0] !== b[i]![0] || a[i]![1] !== b[i]![1]) return false;
  return true;
}
