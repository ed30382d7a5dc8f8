import type { Decoded } from '../../core/decoded.ts';
import type { Message } from '../../core/message.ts';
import type { MonotonicMs, UnixMs } from '../../core/time.ts';
import type { TopicFinding, TopicMeter } from '../../profiles/topics.ts';
import { Distinct } from './distinct.ts';
import { Rate } from './rate.ts';
import type { Leaf } from './template-tree.ts';

/** Whoever has the rows. */
export interface RowKeeper {
  monotonic(): MonotonicMs;
  /** Its template has changed, or it is part of another row now. */
  renamed(row: TopicRow, before: string): void;
  /** A message of one that was let go: where it is counted now. */
  back(row: TopicRow, topic: string): TopicRow;
}

/** Where a row is. */
type Whereabouts =
  /** In the book. */
  | { readonly kind: 'here' }
  /** Another row has taken it in. */
  | { readonly kind: 'joined'; readonly to: TopicRow }
  /** It had to go, as there was no room; it comes back with its next message. */
  | { readonly kind: 'gone' };

const here: Whereabouts = { kind: 'here' };
const gone: Whereabouts = { kind: 'gone' };
/** How often a payload is looked at, in ms: the hot path costs a comparison. */
const sampleMs = 1_000;
export const maxPayload = 1_024;
const maxExamples = 3;
const maxExampleChars = 500;
/** Topics and devices of one row are counted up to here. */
export const maxCounted = 200;

/** What is known of the topics of one template. */
export class TopicRow implements TopicMeter, Leaf {
  readonly #keeper: RowKeeper;
  template: string;
  found: TopicFinding;
  count = 0;
  firstSeenMs: UnixMs = 0;
  lastSeenMs: UnixMs = 0;
  examples: string[] = [];
  readonly topics = new Distinct(maxCounted);
  devices = new Distinct(maxCounted);
  /** The beginning of a payload of the last second, and the topic it came on. */
  payload = new Uint8Array(0);
  payloadBytes = 0;
  payloadTopic = '';
  lastDevice = '';
  #rate: Rate;
  #whereabouts: Whereabouts = here;
  #isHere = true;
  #counted = 0;
  #sampledAtMs: UnixMs = Number.NEGATIVE_INFINITY;

  constructor(keeper: RowKeeper, template: string, found: TopicFinding) {
    this.#keeper = keeper;
    this.template = template;
    this.found = found;
    this.#rate = new Rate(keeper.monotonic());
  }

  heard(message: Message, decoded: Decoded, receivedAtMs: UnixMs): void {
    if (!this.#isHere) {
      this.#elsewhere(message.topic).heard(message, decoded, receivedAtMs);
      return;
    }
    this.count++;
    this.lastSeenMs = receivedAtMs;
    const sinceMs = receivedAtMs - this.#sampledAtMs;
    if (sinceMs >= sampleMs || sinceMs < 0) this.#sample(message, decoded, receivedAtMs);
  }

  /** A topic of it was looked at. */
  looked(topic: string, found: TopicFinding): void {
    // Under another profile they have other names.
    if (found.profile !== this.found.profile) this.devices = new Distinct(maxCounted);
    this.found = found;
    if (this.topics.add(topic) && this.examples.length < maxExamples) this.examples.push(shown(topic));
    // The message that it was looked at for tells whose it is.
    this.#sampledAtMs = Number.NEGATIVE_INFINITY;
  }

  perMinute(): number {
    return this.#rate.perMinute(this.count - this.#counted, this.#keeper.monotonic());
  }

  /** The row that it is part of. */
  get whole(): TopicRow {
    return this.#whereabouts.kind === 'joined' ? this.#whereabouts.to.whole : this;
  }

  get isGone(): boolean {
    return this.#whereabouts.kind === 'gone';
  }

  moved(template: string): void {
    const before = this.template;
    this.template = template;
    this.#keeper.renamed(this, before);
  }

  joined(other: Leaf): void {
    const to = other as TopicRow;
    if (to === this) return;
    to.#takeIn(this);
    this.#leave({ kind: 'joined', to });
    this.#keeper.renamed(this, this.template);
  }

  /** There is no room for it: only its count stays, as long as somebody has it. */
  letGo(): void {
    this.#leave(gone);
  }

  #leave(whereabouts: Whereabouts): void {
    this.#whereabouts = whereabouts;
    this.#isHere = false;
    this.payload = new Uint8Array(0);
    this.examples = [];
  }

  #elsewhere(topic: string): TopicRow {
    const { whole } = this;
    return whole.isGone ? whole.#comeBack(topic) : whole;
  }

  #comeBack(topic: string): TopicRow {
    const row = this.#keeper.back(this, topic);
    if (row === this) {
      this.#whereabouts = here;
      this.#isHere = true;
      this.#sampledAtMs = Number.NEGATIVE_INFINITY;
    } else {
      row.#takeIn(this);
      this.#whereabouts = { kind: 'joined', to: row };
    }
    row.looked(topic, row.found);
    return row;
  }

  #takeIn(other: TopicRow): void {
    this.count += other.count;
    if (other.firstSeenMs > 0) this.firstSeenMs = Math.min(this.firstSeenMs || other.firstSeenMs, other.firstSeenMs);
    this.topics.join(other.topics);
    if (other.found.profile === this.found.profile) this.devices.join(other.devices);
    for (const example of other.examples) if (this.examples.length < maxExamples) this.examples.push(example);
    if (other.lastSeenMs > this.lastSeenMs && other.payloadTopic !== '') {
      this.lastSeenMs = other.lastSeenMs;
      this.payload = other.payload;
      this.payloadBytes = other.payloadBytes;
      this.payloadTopic = other.payloadTopic;
    }
    this.#rate.add(other.count, this.#keeper.monotonic());
    this.#counted = this.count;
    if (this.found.profile === undefined && this.found.suggestions.length === 0) this.found = other.found;
  }

  #sample({ topic, payload }: Message, { deviceId, measurements }: Decoded, receivedAtMs: UnixMs): void {
    this.#sampledAtMs = receivedAtMs;
    if (this.firstSeenMs === 0) this.firstSeenMs = receivedAtMs;
    this.#rate.add(this.count - this.#counted, this.#keeper.monotonic());
    this.#counted = this.count;
    this.payload = Uint8Array.from(payload.subarray(0, maxPayload));
    this.payloadBytes = payload.length;
    this.payloadTopic = topic.length <= maxExampleChars ? topic : '';
    this.lastDevice = deviceId;
    for (const one of measurements) this.devices.add(one.deviceId);
  }
}

function shown(topic: string): string {
  return topic.length > maxExampleChars ? `${topic.slice(0, maxExampleChars)}…` : topic;
}
