import { setTimeout as wait } from 'node:timers/promises';
import type { RuleBook } from '../../admission/rule-book.ts';
import type { RecordBuffer } from '../../buffer/buffer.ts';
import { HeadgateError, messageOf } from '../../core/errors.ts';
import type { Message } from '../../core/message.ts';
import type { TrustedClock, UnixMs } from '../../core/time.ts';
import type { Log } from '../../lib/log.ts';
import type { Service } from '../../lib/service.ts';
import type { Decoder } from '../../profiles/decoder.ts';
import { type Asked, isMeant, isOfTopic, isWithin, mayBeReadAnew } from './asked.ts';
import { DerivedBook } from './derived.ts';
import { type Original, originalsIn } from './originals.ts';
import { Outbox, redecodeRule } from './outbox.ts';
import { newRun, type RedecodeState, type RedecodeStatus, type Run, statusOf } from './status.ts';
import { verdictOf } from './verdict.ts';

export interface RedecoderDependencies {
  readonly buffer: RecordBuffer;
  readonly rules: RuleBook;
  readonly clock: TrustedClock;
  /** A decoder by itself that has learnt what is known: what is decoded again must not pass for news. */
  readonly freshDecoder: () => Promise<Decoder>;
  /** A profile's version; undefined: there is none of the name. */
  readonly versionOf: (profile: string) => number | undefined;
  readonly log: Log;
  /** Waits between two pieces of work, in ms. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** So long is worked at once; then the rest of the gateway has three times that for itself, or as long as the disk took. */
const workMs = 5;
const restMs = 15;
/** How often it is looked whether there is room again. */
const roomMs = 500;
/** How long before its last record a batch may have been begun. */
const longestBatchMs = 3_600_000;

/**
 * Decodes messages that are still on disk again, and sends what they say now as records that take the place of the first ones.
 * What was sent before is found on the disk and not sent again, so it can be asked for as often as one likes. One run at a
 * time, in the pauses of everything else.
 */
export class Redecoder implements Service {
  readonly name = 'redecoder';
  readonly #deps: RedecoderDependencies;
  #run: Run = newRun();
  #underWay: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;

  constructor(deps: RedecoderDependencies) {
    this.#deps = deps;
  }

  async start(): Promise<void> {}

  /** What is on its way is sent by the next one that is asked for. */
  async stop(): Promise<void> {
    this.#underWay?.stop.abort();
    await this.#underWay?.ended;
  }

  status(): RedecodeStatus {
    return statusOf(this.#run);
  }

  /** Resolves when the run that is under way has ended, however. */
  async ended(): Promise<void> {
    await this.#underWay?.ended;
  }

  /** Begins. @throws {HeadgateError} request.conflict: another one is under way, or nobody knows what time it is */
  begin(asked: Asked): RedecodeStatus {
    if (this.#underWay !== undefined) {
      throw new HeadgateError('request.conflict', 'Messages are being decoded again already: wait for it, or stop it.');
    }
    if (this.#deps.clock.quality() === 'unset') {
      const why = 'The clock has not been set: the times of what is decoded again could not be corrected later.';
      throw new HeadgateError('request.conflict', why);
    }
    const stop = new AbortController();
    this.#run = newRun(asked, this.#deps.clock.now());
    const ended = this.#work(asked, stop.signal).then(
      () => this.#end({ name: 'done' }),
      (error: unknown) =>
        this.#end(stop.signal.aborted ? { name: 'stopped' } : { name: 'failed', reason: messageOf(error) }),
    );
    this.#underWay = { stop, ended };
    return this.status();
  }

  /** Ends the run that is under way, if there is one. */
  async cancel(): Promise<RedecodeStatus> {
    await this.stop();
    return this.status();
  }

  #end(state: RedecodeState): void {
    this.#underWay = undefined;
    this.#run.state = state;
    this.#run.endedAtMs = this.#deps.clock.now();
    const { messages, superseded, records } = this.#run.counts;
    const said = { state: state.name, messages, superseded, records };
    if (state.name === 'failed') this.#deps.log.error({ ...said, reason: state.reason }, 'Decoding again has failed.');
    else this.#deps.log.info(said, 'Decoding again has ended.');
  }

  async #work(asked: Asked, signal: AbortSignal): Promise<void> {
    const { buffer, versionOf, freshDecoder } = this.#deps;
    const decode = await freshDecoder();
    signal.throwIfAborted();
    const derived = new DerivedBook((window) => buffer.archive.history(window), redecodeRule);
    const outbox = new Outbox(buffer);
    const breath = new Breath(() => this.#rest(outbox, signal));
    const history = buffer.archive.history({ fromMs: asked.fromMs - longestBatchMs, toMs: asked.toMs });
    for await (const original of originalsIn(breath.between(history), (record) => isWithin(asked, record))) {
      signal.throwIfAborted();
      const { record } = original;
      const receivedAtMs = Date.parse(record.receivedAt!);
      this.#run.throughMs = receivedAtMs;
      if (isOfTopic(asked, record) && mayBeReadAnew(record, versionOf))
        await this.#again(original, receivedAtMs, { asked, decode, derived, outbox });
      // What a profile can read may be what others are read by: a birth, a description.
      else if (record.profile !== '') decode(messageIn(original), receivedAtMs);
      await breath.take(outbox.isFull);
    }
    await outbox.sent();
  }

  async #again(original: Original, receivedAtMs: UnixMs, tools: Tools): Promise<void> {
    const { rules } = this.#deps;
    const { counts } = this.#run;
    const message = messageIn(original);
    const decoded = tools.decode(message, receivedAtMs);
    if (!isMeant(tools.asked, original.record, decoded)) return;
    const before = await tools.derived.of(original.record.sequence, receivedAtMs);
    const verdict = verdictOf(original, decoded, before);
    counts.messages++;
    if (verdict !== 'better') {
      counts[verdict]++;
      return;
    }
    const forwarded = decoded.measurements.filter((_, index) => rules.explain(message, decoded, index).forward);
    if (forwarded.length === 0) {
      counts.notForwarded++;
      return;
    }
    if (!tools.outbox.takes(receivedAtMs)) await tools.outbox.sent();
    tools.outbox.add(original, receivedAtMs, decoded, forwarded, before);
    counts.superseded++;
    counts.records += forwarded.length;
  }

  /** Leaves the gateway alone, and waits as long as what was sent before is still to go. */
  async #rest(outbox: Outbox, signal: AbortSignal): Promise<void> {
    const pause = this.#deps.pause ?? ((ms: number) => wait(ms, undefined, { signal }));
    const began = performance.now();
    await outbox.sent();
    await pause(Math.max(restMs, performance.now() - began), signal);
    for (;;) {
      signal.throwIfAborted();
      const obstacle = outbox.obstacle();
      if (obstacle === undefined) break;
      this.#run.state = { name: 'waiting', reason: obstacle };
      await pause(roomMs, signal);
    }
    this.#run.state = { name: 'running' };
  }
}

/** Rests when there has been work for long enough. */
class Breath {
  readonly #rest: () => Promise<void>;
  #began = performance.now();

  constructor(rest: () => Promise<void>) {
    this.#rest = rest;
  }

  /** @param isEnough there has been enough work, however long it took */
  async take(isEnough = false): Promise<void> {
    if (!isEnough && performance.now() - this.#began < workMs) return;
    await this.#rest();
    this.#began = performance.now();
  }

  /** What is merely read is work too. */
  async *between<T>(items: AsyncIterable<T>): AsyncGenerator<T, void, void> {
    for await (const item of items) {
      yield item;
      await this.take();
    }
  }
}

interface Tools {
  readonly asked: Asked;
  readonly decode: Decoder;
  readonly derived: DerivedBook;
  readonly outbox: Outbox;
}

function messageIn({ record: { source, topic }, payload }: Original): Message {
  return { source, topic, payload };
}
