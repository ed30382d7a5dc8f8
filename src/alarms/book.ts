import { randomBytes } from 'node:crypto';
import type { Shelf } from '../core/shelf.ts';
import type { MonotonicMs } from '../core/time.ts';
import { RecentMap } from '../lib/recent-map.ts';
import { type Alarm, decodeAlarm, encodeAlarm, type Subject } from './alarm.ts';
import { isRaised, isTimed, ok } from './alarm-state.ts';
import type { Severity } from './rule.ts';

/** Where on the shelf they lie, by number. The name means the same for ever. */
const space = 'alarms.entries';

export interface BookLimits {
  /** Alarms that are not over, pending ones included. */
  readonly maxOpen: number;
  /** Alarms that are over. */
  readonly keepHistory: number;
}

/** So many raises in so long are coming and going. */
const flappingRaises = 4;
const flappingMs = 10 * 60_000;
/** Of how many things it is known when they were raised. */
const maxFlapping = 2_000;

export type SeverityCounts = Readonly<Record<Severity, number>>;

/** All alarms that are known here, in memory and on the shelf, within limits. */
export class AlarmBook {
  readonly #shelf: Shelf;
  readonly #limits: BookLimits;
  /** Those that are not over, by what they are about. */
  readonly #open = new Map<string, Alarm>();
  readonly #byId = new Map<string, Alarm>();
  /** Those that are over, the oldest first. */
  readonly #over = new Set<Alarm>();
  /** Those that time alone may change. */
  readonly #timed = new Set<Alarm>();
  /** Pending ones that are not on the shelf. */
  readonly #unkept = new Set<Alarm>();
  readonly #raises = new RecentMap<string, MonotonicMs[]>(maxFlapping);
  #nextNumber = 1;
  #left = 0;

  constructor(shelf: Shelf, limits: BookLimits) {
    this.#shelf = shelf;
    this.#limits = limits;
  }

  /** @param now in operating time. @returns how many entries could not be read. @throws {HeadgateError} buffer.failed */
  async load(now: MonotonicMs): Promise<number> {
    let unreadable = 0;
    for (const [, bytes] of await this.#shelf.entries(space)) {
      const alarm = decodeAlarm(bytes);
      if (alarm === undefined) {
        unreadable++;
        continue;
      }
      // Of operating time a crash takes the last moments.
      const { state } = alarm;
      if (state.name === 'pending') alarm.state = { ...state, sinceMs: Math.min(state.sinceMs, now) };
      else if (state.name !== 'cleared' && state.name !== 'ok' && state.normalSinceMs !== undefined)
        alarm.state = { ...state, normalSinceMs: Math.min(state.normalSinceMs, now) };
      this.#nextNumber = Math.max(this.#nextNumber, alarm.number + 1);
      this.#byId.set(alarm.id, alarm);
      if (state.name === 'cleared') this.#over.add(alarm);
      else this.#open.set(alarm.subject.key, alarm);
      if (isTimed(alarm.state)) this.#timed.add(alarm);
    }
    this.#forget();
    return unreadable;
  }

  get(id: string): Alarm | undefined {
    return this.#byId.get(id);
  }

  ofKey(key: string): Alarm | undefined {
    return this.#open.get(key);
  }

  /** Those that are not over, pending ones included; the newest last. */
  open(): Iterable<Alarm> {
    return this.#open.values();
  }

  /** The oldest first. */
  over(): Iterable<Alarm> {
    return this.#over;
  }

  timed(): Iterable<Alarm> {
    return this.#timed;
  }

  /** Things that are wrong and have no alarm, as there are too many: counted each time that one would have begun. */
  get left(): number {
    return this.#left;
  }

  counts(): { readonly pending: number; readonly active: SeverityCounts; readonly acknowledged: SeverityCounts } {
    let pending = 0;
    const active = { info: 0, warning: 0, critical: 0 };
    const acknowledged = { info: 0, warning: 0, critical: 0 };
    for (const { state, subject } of this.#open.values()) {
      if (state.name === 'pending') pending++;
      else if (state.name === 'active') active[subject.severity]++;
      else if (state.name === 'acknowledged') acknowledged[subject.severity]++;
    }
    return { pending, active, acknowledged };
  }

  /** One of which nobody knows yet; undefined when there are too many. */
  begin(subject: Subject, given: Pick<Alarm, 'value' | 'unit' | 'text' | 'sinceMs'>): Alarm | undefined {
    if (this.#open.size >= this.#limits.maxOpen) {
      this.#left++;
      return undefined;
    }
    const number = this.#nextNumber++;
    const alarm: Alarm = {
      // Of a number that a failing disk has lost another one may be made.
      id: `${number}-${randomBytes(4).toString('hex')}`,
      number,
      subject,
      state: ok,
      ...given,
      raised: undefined,
      acknowledged: undefined,
      clearedMs: undefined,
      isFlapping: false,
      isDeviceKnown: false,
      isKept: false,
    };
    this.#open.set(subject.key, alarm);
    this.#byId.set(alarm.id, alarm);
    return alarm;
  }

  /** Notes that an alarm's state has changed. */
  changed(alarm: Alarm): void {
    const { state } = alarm;
    if (isTimed(state)) this.#timed.add(alarm);
    else this.#timed.delete(alarm);
    if (state.name === 'ok') {
      this.#remove(alarm);
      return;
    }
    if (state.name === 'pending') {
      this.#unkept.add(alarm);
      return;
    }
    if (state.name === 'cleared') {
      this.#open.delete(alarm.subject.key);
      this.#over.add(alarm);
    }
    this.#put(alarm);
    this.#forget();
  }

  /** Keeps pending ones over a restart too. What came and went within a tick was not worth a write. */
  keepPending(): void {
    for (const alarm of this.#unkept) this.#put(alarm);
  }

  /** Notes that something is raised. @returns whether it comes and goes */
  noteRaise({ key }: Subject, now: MonotonicMs): boolean {
    const raises = (this.#raises.get(key) ?? []).filter((atMs) => now - atMs < flappingMs);
    raises.push(now);
    this.#raises.set(key, raises.slice(-flappingRaises));
    return raises.length >= flappingRaises;
  }

  #put(alarm: Alarm): void {
    alarm.isKept = true;
    this.#unkept.delete(alarm);
    this.#shelf.put(space, keyOf(alarm), encodeAlarm(alarm));
  }

  #remove(alarm: Alarm): void {
    if (this.#open.get(alarm.subject.key) === alarm) this.#open.delete(alarm.subject.key);
    this.#byId.delete(alarm.id);
    this.#over.delete(alarm);
    this.#unkept.delete(alarm);
    if (alarm.isKept) this.#shelf.delete(space, keyOf(alarm));
  }

  #forget(): void {
    for (const alarm of this.#over) {
      if (this.#over.size <= this.#limits.keepHistory) return;
      this.#remove(alarm);
    }
  }

  /** Names of those that are raised and of a severity, the newest first, at most so many. */
  namesOf(severity: Severity, max: number): string[] {
    const found: string[] = [];
    for (const { state, subject } of this.#open.values()) {
      if (!isRaised(state) || subject.severity !== severity) continue;
      found.push(subject.deviceId === undefined ? subject.name : `${subject.name} (${subject.deviceId})`);
    }
    return found.slice(-max).reverse();
  }
}

/** In order of their numbers. */
function keyOf({ number }: Alarm): string {
  return String(number).padStart(12, '0');
}
