import type { JetStreamClient } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import { HeadgateError } from '../core/errors.ts';
import { type Interval, Intervals } from '../lib/intervals.ts';
import { decodeProgress, encodeProgress, type OpenRuns, withOpen, withoutSettled } from './nats-progress.ts';
import { isConflict, type Publication, type Publisher } from './nats-publisher.ts';
import { idPrefix, Subjects, tokenOf } from './nats-subjects.ts';
import { readTail } from './nats-tail.ts';
import type { Peer } from './session.ts';

/** Gateways remembered; beyond it the ones that have been known longest are read again when they come. */
const maxKnown = 10_000;
/** How often a gateway that somebody else takes at the same moment is taken once more. */
const maxAttempts = 5;

/** What this collector knows of one gateway's epoch that it serves. */
export interface Served extends Peer {
  readonly durable: Intervals;
  /** What was meant to be published, by an earlier attempt or by another collector, and has not been found. */
  open: OpenRuns | undefined;
  /** Of its key in the progress store. */
  revision: number;
  /** Of `performance.now()`: from then on nothing of `open` can arrive in the stream any more. */
  settledAt: number;
  /** Whether the store says that something is open which is known here to be in the stream. */
  isUnsaved: boolean;
  /** Of `performance.now()`. */
  usedAt: number;
  /** Of records that were cut: the parts that are in the stream already. */
  parts: ReadonlyMap<number, ReadonlySet<number>>;
  readonly subjects: Subjects;
  readonly idPrefix: string;
}

export interface GatewaysContext {
  readonly client: JetStreamClient;
  readonly kv: KV;
  readonly publisher: Publisher;
  readonly bucket: string;
  readonly stream: string;
  /** Who we are among the collectors. */
  readonly holder: string;
  readonly duplicateWindowMs: number;
}

/** Which gateway's progress is known, and whose it is to change. */
export class Gateways {
  readonly #context: GatewaysContext;
  readonly #served = new Map<string, Served>();
  /** Those that another collector has taken from us: until they say hello here again. */
  readonly #moved = new Set<string>();

  constructor(context: GatewaysContext) {
    this.#context = context;
  }

  /** A gateway says hello: what was known of it may be out of date. @returns what is durable, as far as can be told */
  async greet(peer: Peer): Promise<Intervals> {
    const key = keyOf(peer);
    this.#served.delete(key);
    this.#moved.delete(key);
    const served = await this.#load(peer);
    if (served.open !== undefined) await this.#look(served);
    return served.durable;
  }

  /**
   * Makes these gateways ours, so that whoever had them can publish nothing more for them, and finds out what of theirs
   * is in the stream.
   *
   * @returns one each; undefined for those that another collector has taken from us
   */
  async take(peers: readonly Peer[]): Promise<(Served | undefined)[]> {
    const taken = await Promise.all(
      peers.map(async (peer) => {
        const key = keyOf(peer);
        if (this.#moved.has(key)) return undefined;
        return this.#served.get(key) ?? (await this.#load(peer));
      }),
    );
    const found = taken.filter((served) => served !== undefined);
    await this.#claim(found.filter((served) => this.#served.get(keyOf(served)) !== served));
    // Every time, until nothing is left in doubt: what is published next must not be there already.
    await Promise.all(found.filter(({ open }) => open !== undefined).map((served) => this.#look(served)));
    return taken;
  }

  /**
   * Notes what is going to be published, before it is.
   *
   * @param since of the stream: nothing of it lies before
   * @returns those that another collector has taken from us: nothing may be published for them
   */
  async intend(fresh: ReadonlyMap<Served, Intervals>, since: number): Promise<ReadonlySet<Served>> {
    const all = [...fresh].filter(([, runs]) => runs.size > 0);
    const opens = all.map(([served, runs]) => withOpen(served.open, runs, since));
    const lost = await this.#save(all.map(([served], i) => ({ served, open: opens[i] })));
    for (const [served] of all) served.isUnsaved = true;
    return lost;
  }

  /** What was published is in the stream now. */
  settle(served: Served, runs: Intervals): void {
    for (const { first, last } of runs) served.durable.add(first, last);
    served.open = withoutSettled(served.open, runs);
    served.usedAt = performance.now();
  }

  /** Writes for those that have been quiet since `before` that nothing is open any more: their next collector need not look. */
  async complete(before: number): Promise<void> {
    const quiet = [...this.#served.values()].filter(({ isUnsaved, usedAt }) => isUnsaved && usedAt <= before);
    if (quiet.length === 0) return;
    await this.#save(quiet.map((served) => ({ served, open: served.open })));
    for (const served of quiet) served.isUnsaved = false;
  }

  async #load(peer: Peer): Promise<Served> {
    const { kv, duplicateWindowMs } = this.#context;
    const key = keyOf(peer);
    const entry = await kv.get(key);
    const progress = entry === null ? undefined : decodeProgress(entry.value);
    if (entry !== null && progress === undefined) {
      throw new HeadgateError(
        'sink.failed',
        `The key ${key} of the bucket ${this.#context.bucket} holds no progress of a gateway that this version understands; look at it with \`nats kv get\`.`,
      );
    }
    return {
      gateway: peer.gateway,
      epoch: peer.epoch,
      durable: progress?.durable ?? new Intervals(),
      open: progress?.open,
      revision: entry?.revision ?? 0,
      settledAt: performance.now() + duplicateWindowMs,
      isUnsaved: progress?.open !== undefined,
      usedAt: performance.now(),
      parts: new Map(),
      subjects: new Subjects(peer.gateway),
      idPrefix: idPrefix(peer.gateway, peer.epoch),
    };
  }

  /** Writes our name into what others may have written at the same time. */
  async #claim(all: readonly Served[]): Promise<void> {
    let wanted = all;
    for (let attempt = 1; wanted.length > 0; attempt++) {
      const { each } = await this.#context.publisher.publish(wanted.map((served) => this.#entry(served, served.open)));
      const again: Served[] = [];
      for (const [i, served] of wanted.entries()) {
        const answer = each[i]!;
        if (typeof answer === 'number') this.#remember(served, answer);
        else if (isConflict(answer) && attempt < maxAttempts) again.push(served);
        else
          throw new HeadgateError(
            'sink.failed',
            `NATS does not keep the progress of ${served.gateway}: ${answer.reason} (${answer.code}).`,
          );
      }
      await Promise.all(again.map(async (served) => this.#replace(served, await this.#load(served))));
      wanted = again;
    }
  }

  /** Takes over what somebody else has written. */
  #replace(served: Served, { durable, open, revision, settledAt, isUnsaved }: Served): void {
    for (const { first, last } of durable) served.durable.add(first, last);
    Object.assign(served, { open, revision, settledAt, isUnsaved });
  }

  #remember(served: Served, revision: number): void {
    served.revision = revision;
    served.usedAt = performance.now();
    // From now on whoever had it before can't begin anything; what it had begun arrives within the window.
    served.settledAt = served.usedAt + this.#context.duplicateWindowMs;
    this.#served.set(keyOf(served), served);
    if (this.#served.size > maxKnown) this.#served.delete(this.#served.keys().next().value!);
  }

  /** @returns those that another collector has taken from us */
  async #save(entries: readonly { served: Served; open: OpenRuns | undefined }[]): Promise<ReadonlySet<Served>> {
    const { each } = await this.#context.publisher.publish(
      entries.map(({ served, open }) => this.#entry(served, open)),
    );
    const lost = new Set<Served>();
    for (const [i, { served }] of entries.entries()) {
      const answer = each[i]!;
      if (typeof answer === 'number') served.revision = answer;
      else if (isConflict(answer)) {
        lost.add(served);
        const key = keyOf(served);
        if (this.#served.get(key) === served) this.#served.delete(key);
        this.#moved.add(key);
      } else {
        throw new HeadgateError(
          'sink.failed',
          `NATS does not keep the progress of ${served.gateway}: ${answer.reason} (${answer.code}).`,
        );
      }
    }
    return lost;
  }

  #entry(served: Served, open: OpenRuns | undefined): Publication {
    const { bucket, holder } = this.#context;
    return {
      subject: `$KV.${bucket}.${keyOf(served)}`,
      payload: encodeProgress({ holder, durable: served.durable, open }),
      headers: ['Nats-Expected-Last-Subject-Sequence', String(served.revision)],
    };
  }

  /** Asks the stream what of the open runs it has. */
  async #look(served: Served): Promise<void> {
    const { client, stream } = this.#context;
    const { open } = served;
    if (open === undefined) return;
    const isSettled = performance.now() >= served.settledAt;
    const { found, parts, readTo } = await readTail(client, stream, served, open.since);
    this.settle(served, within(found, open.runs));
    served.parts = parts;
    if (isSettled) served.open = undefined;
    // Not to be read again and again; but of a record that is there in part, all parts have to be found together.
    else if (served.open !== undefined && parts.size === 0) served.open = { ...served.open, since: readTo };
  }
}

/** The key of one gateway's epoch in the progress store. */
function keyOf({ gateway, epoch }: Peer): string {
  return `${tokenOf(gateway)}.${tokenOf(epoch)}`;
}

/** What a set has of some runs. */
function within(set: Intervals, runs: readonly Interval[]): Intervals {
  const common = new Intervals();
  for (const { first, last } of runs) {
    for (const run of set.since(first)) {
      if (run.first > last) break;
      common.add(run.first, Math.min(run.last, last));
    }
  }
  return common;
}
