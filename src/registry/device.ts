import type { ProfileVersion } from '../core/decoded.ts';
import type { Attribute } from '../core/device.ts';
import type { ClockQuality, MonotonicMs, UnixMs } from '../core/time.ts';
import type { Budget, Budgets } from './budget.ts';
import { NewestValues, type Slots } from './newest.ts';
import { newRhythm, type Presence, type Rhythm } from './presence.ts';
import type { Spotlight } from './spotlight.ts';

/** An instant by every clock there is, so that it can be restated when the time becomes known. */
export interface Instant {
  /** By the gateway's clock at that time. */
  readonly atMs: UnixMs;
  /** In operating time; absent when the instant can't be restated any more. */
  readonly ageMs?: MonotonicMs;
  readonly quality: ClockQuality;
}

/** An id is a name of its own, never cut: two long ones would become one. Longer ones are not registered. */
export const maxId = 1_000;

/** When a device's entry has to be written. */
export type Due =
  /** What is on the shelf is what is known. */
  | 'no'
  /** Only what changes all the time has changed: signal, battery. */
  | 'late'
  /** Something has changed by which people know it. */
  | 'soon';

/** What changes all the time of many devices, which is written together. */
export interface SightBlock {
  readonly number: number;
  readonly devices: Set<Device>;
  /** Something has changed since it was written. */
  isDirty: boolean;
  /** In operating time, in this run. */
  writtenAtMs: MonotonicMs;
}

/** What of a device never changes. */
export interface Beginning {
  readonly id: string;
  /** Names it on the shelf, beside others; never used again. */
  readonly number: number;
  /** Of the first message heard of it. */
  readonly source: string;
  readonly firstSeen: Instant;
  readonly block: SightBlock;
}

/** A thing that measures or acts, as far as it is known here. One object for as long as the registry knows it. */
export class Device implements Beginning {
  readonly #texts: Budget;
  /** Characters of its topics and attributes. */
  #held = 0;

  readonly id: string;
  readonly number: number;
  readonly source: string;
  firstSeen: Instant;

  /** What people call it, as they told this gateway. */
  givenName: string | undefined;
  /** What people call it, as itself or its bridge tells. */
  toldName: string | undefined;
  profile: ProfileVersion | undefined;
  /** The device through which it is reached. */
  via: string | undefined;
  /** People do not want to see it. */
  isIgnored = false;
  readonly attributes = new Map<string, Attribute[1]>();

  /** When it was heard last, to the second; undefined: only others spoke of it. */
  lastSeen: Instant | undefined;
  /** Messages that were of it, and values' instants in them. */
  messages = 0;
  measurements = 0;
  /** The message that it was counted in last. */
  countedIn = 0;
  /** Somebody looks at its messages; undefined: nobody does. */
  spotlight: Spotlight | undefined;
  /** Topics it was heard on, each with where its fields are kept. */
  readonly topics = new Map<string, Slots>();
  readonly newest: NewestValues;

  /** When it was heard last in this run, in the registry's operating time, which goes by seconds; -1: not yet. */
  heardAtMs: MonotonicMs = -1;
  /** From when on silence counts if it was not heard. */
  sinceMs: MonotonicMs;
  said: 'online' | 'offline' | undefined;
  /** When that was said. */
  saidAtMs: MonotonicMs = 0;
  readonly rhythm: Rhythm = newRhythm();
  /** By itself, and as it is for everybody. */
  ownPresence: Presence = 'unknown';
  presence: Presence = 'unknown';
  /** Since when it has that presence by itself, in operating time. */
  ownSinceMs: MonotonicMs;
  presenceSince: Instant;
  /** The collector was told last that it is offline. */
  isReportedOffline = false;

  /** Where its counts are kept. */
  readonly block: SightBlock;
  due: Due = 'soon';
  /** When its entry was written in this run, in operating time. */
  writtenAtMs: MonotonicMs = Number.NEGATIVE_INFINITY;

  /** @param now in operating time */
  constructor({ id, number, source, firstSeen, block }: Beginning, now: MonotonicMs, budgets: Budgets) {
    this.id = id;
    this.number = number;
    this.source = source;
    this.firstSeen = firstSeen;
    this.block = block;
    this.sinceMs = now;
    this.ownSinceMs = now;
    this.presenceSince = firstSeen;
    this.newest = new NewestValues(budgets.values);
    this.#texts = budgets.texts;
  }

  /** Makes room for so many characters more, or fewer, of its topics and attributes. @returns whether there is */
  hold(chars: number): boolean {
    if (!this.#texts.take(chars)) return false;
    this.#held += chars;
    return true;
  }

  /** Lets go of what counts against what all devices may keep. */
  release(): void {
    this.newest.clear();
    this.#texts.giveBack(this.#held);
    this.#held = 0;
  }

  /** What it is called: as people told, as it tells itself, or else its id. */
  get name(): string {
    return this.givenName ?? this.toldName ?? this.id;
  }
}
