import type { LiveFilter, LiveScope } from '../core/live.ts';
import { type FeedEvent, isReplaceable } from './event.ts';
import { isWanted, keyOf } from './filter.ts';
import type { Place } from './read.ts';
import type { Series } from './series.ts';
import type { Subscription } from './subscription.ts';

/** So much is collected for an audience between two rounds; beyond it, what comes is only noted in the feed. */
const maxOpenEvents = 1_000;
const maxOpenBytes = 512 * 1024;

/** All subscriptions that want the same. What they get is put together once, for those that can follow. */
export class Audience {
  readonly key: string;
  readonly #filter: LiveFilter;
  readonly #scope: LiveScope | undefined;
  readonly subscriptions = new Set<Subscription>();
  /** Events that were wanted, since it exists. */
  measured = 0;
  lasting = 0;
  /** How far those have come that follow. */
  readonly place: Place;
  /** What came after that; undefined: more than is collected, so it is to be read from the feed. */
  open: FeedEvent[] | undefined = [];
  #openBytes = 0;
  /** Events that were wanted since then. */
  #came = 0;

  /** @param number of the newest event so far */
  constructor(filter: LiveFilter, scope: LiveScope | undefined, number: number) {
    this.key = keyOf(filter, scope);
    this.#filter = filter;
    this.#scope = scope;
    this.place = { at: number, measured: 0, lasting: 0, isSkimming: false, replayTo: 0 };
  }

  wantsSeries({ deviceId, topic, fieldNames }: Series): boolean {
    return isWanted(this.#filter, this.#scope, { kind: 'measurement', deviceId, topic, fieldNames });
  }

  wants({ kind, series, fact }: FeedEvent): boolean {
    if (series !== undefined) return this.wantsSeries(series);
    return isWanted(this.#filter, this.#scope, {
      kind,
      deviceId: fact?.deviceId,
      topic: fact?.topic,
      fieldNames: none,
    });
  }

  /** An event came that it wants. @returns whether it is the first since the last round */
  add(event: FeedEvent): boolean {
    if (isReplaceable(event)) this.measured++;
    else this.lasting++;
    const isFirst = this.#came++ === 0;
    if (this.open === undefined) return isFirst;
    this.open.push(event);
    this.#openBytes += event.bytes;
    if (this.open.length > maxOpenEvents || this.#openBytes > maxOpenBytes) this.open = undefined;
    return isFirst;
  }

  /** What was collected is given out, or read; from here on it is collected again. @param number of the newest event */
  reopen(number: number): void {
    // More came than is collected, and it will be so again: what is held until then is only copied by the garbage collector.
    this.open = this.#came > maxOpenEvents ? undefined : [];
    this.#openBytes = 0;
    this.#came = 0;
    this.place.at = number;
    this.place.measured = this.measured;
    this.place.lasting = this.lasting;
  }

  /** Whether somebody who is at a place has all that those have who follow, and nothing more. */
  isAt({ measured, lasting, isSkimming }: Place): boolean {
    // Who skims has been told of what is still to come, so counts do not say where it is.
    if (isSkimming || this.place.isSkimming) return false;
    return measured === this.place.measured && lasting === this.place.lasting;
  }
}

const none: readonly string[] = [];
