import type { MonotonicMs } from '../../core/time.ts';
import { exceptionBit, fits } from '../../profiles/modbus/pdu.ts';
import type { BusEvent, BusStep, BusTimes, PendingWrite, Question } from './step.ts';
import { type Block, type PlannedUnit, Unit, type UnitCounts } from './unit.ts';

interface Asked<W> extends Question {
  readonly of: Unit;
  readonly what: { readonly block: Block } | { readonly write: PendingWrite<W> };
  readonly sentAt: MonotonicMs;
  readonly until: MonotonicMs;
  /** How often it was made already. */
  readonly attempt: number;
}

/** A unit that is not heard is asked ever more rarely, but not more rarely than this unless it was told so. */
const rarestMs = 60_000;
const leastBackoffMs = 1_000;
/** What a device does not have is asked for again this seldom: it may have got it by an update. */
const refusedMs = 600_000;
/** A device that is at work is asked again after this. */
const busyMs = 1_000;
/** An answer that has not come after so many timeouts does not come any more. */
const lateTimeouts = 3;
/** What is waited for silent units in vain goes by so often until the next of them is asked: they get a twentieth of the bus. */
const silentShare = 19;
/** So many writes go before a read that is due. */
const writesInARow = 4;

/**
 * When which unit of a bus is asked what: one request at a time, the one that is due longest first, writes before reads.
 * A unit that does not answer costs the bus one timeout, and ever more rarely.
 *
 * On a serial line an answer does not say which request it is for. One that comes late, or twice, could be taken for the answer to
 * the next request of its form, and give a value under a wrong register. So a unit is not asked what the answer to an open
 * request of it would fit; and an answer that equals that to another request of late is not believed until its unit had the time
 * to say all that it may have left to say.
 */
export class BusSchedule<W = unknown> {
  readonly #times: BusTimes;
  /** The longest that anything is waited for. */
  readonly #waitMs: number;
  readonly #lateMs: number;
  readonly units: readonly Unit[];
  readonly #byAddress: ReadonlyMap<number, Unit>;
  readonly #writes: PendingWrite<W>[] = [];
  #asked: Asked<W> | undefined;
  #again: Asked<W> | undefined;
  #lastId = 0;
  /** No silent unit is asked before, while others answer. */
  #silentFrom: MonotonicMs = Number.NEGATIVE_INFINITY;
  #written = 0;

  /** @param before the one of an earlier connection */
  constructor(
    units: readonly PlannedUnit[],
    times: BusTimes,
    now: MonotonicMs,
    counts: (unit: number) => UnitCounts,
    before?: BusSchedule<W>,
  ) {
    this.#times = times;
    const airMs = units.flatMap(({ requests }) => requests.map(times.airMs));
    this.#waitMs = times.timeoutMs + Math.max(0, ...airMs);
    this.#lateMs = lateTimeouts * this.#waitMs;
    const known = (unit: number): Unit | undefined => before?.units.find((one) => one.unit === unit);
    this.units = units.map((plan) => new Unit(plan, times.isNumbered, now, counts(plan.unit), known(plan.unit)));
    this.#byAddress = new Map(this.units.map((unit) => [unit.unit, unit]));
  }

  /** What is being asked; undefined: nothing, and whatever comes was not asked for. */
  get asked(): Question | undefined {
    return this.#asked;
  }

  /** How many writes wait. */
  get waiting(): number {
    return this.#writes.length;
  }

  write(write: PendingWrite<W>): void {
    this.#writes.push(write);
  }

  /** The connection is over. @returns writes that nobody will hear of otherwise */
  end(): BusEvent<W>[] {
    const asked = this.#asked ?? this.#again;
    const open = asked !== undefined && 'write' in asked.what ? [asked.what.write] : [];
    const events = [
      ...open.map((write) => ({ kind: 'not-written', write, why: 'silent' }) as const),
      ...this.#writes.splice(0).map((write) => ({ kind: 'not-written', write, why: 'expired' }) as const),
    ];
    this.#asked = undefined;
    this.#again = undefined;
    return events;
  }

  /**
   * @param freeAt when the line will have been silent for long enough to send something
   * @param mayRead whether what is read would be taken
   */
  next(now: MonotonicMs, freeAt: MonotonicMs, mayRead: boolean): BusStep<W> {
    const asked = this.#asked;
    if (asked !== undefined) {
      if (now < asked.until) return { name: 'wait', until: asked.until };
      const event = this.#missed(asked, now, 'silent');
      return event === undefined ? { name: 'give-up' } : { name: 'tell', event };
    }
    const expired = this.#writes.findIndex(({ until }) => until <= now);
    if (expired !== -1) {
      const write = this.#writes.splice(expired, 1)[0]!;
      return { name: 'tell', event: { kind: 'not-written', write, why: 'expired' } };
    }
    for (const unit of this.units) unit.forget(now - this.#lateMs);
    const again = this.#again;
    if (again !== undefined) {
      if (now < freeAt) return { name: 'wait', until: freeAt };
      this.#again = undefined;
      return this.#ask(again, again.attempt + 1, now);
    }
    const read = mayRead ? this.#nextRead(now) : undefined;
    const isReadDue = read !== undefined && read.at <= now;
    const write = this.#written >= writesInARow && isReadDue ? undefined : this.#nextWrite(now);
    const until = earliest([write?.at, read?.at, ...this.#writes.map((one) => one.until)]);
    if ((write === undefined || write.at > now) && !isReadDue) return { name: 'wait', until };
    if (now < freeAt) return { name: 'wait', until: freeAt };
    if (write !== undefined && write.at <= now) {
      this.#writes.splice(this.#writes.indexOf(write.write), 1);
      this.#written++;
      const { unit, pdu } = write.write;
      return this.#ask({ unit, pdu, of: this.#byAddress.get(unit)!, what: { write: write.write } }, 1, now);
    }
    this.#written = 0;
    const { block } = read!;
    return this.#ask({ unit: block.unit.unit, pdu: block.pdu, of: block.unit, what: { block } }, 1, now);
  }

  /**
   * An answer came, whole.
   *
   * @param id its number on a line that numbers requests
   * @returns what it is the answer to; undefined: nothing that is to be told
   */
  heard(unit: number, answer: Uint8Array, now: MonotonicMs, id?: number): BusEvent<W> | undefined {
    const from = this.#byAddress.get(unit);
    if (from === undefined) return undefined;
    const asked = this.#asked;
    const isFor = asked !== undefined && asked.of === from && (id ?? asked.id) === asked.id && fits(asked.pdu, answer);
    const sentAt = from.seen(answer, id);
    if (!isFor || sentAt !== asked.sentAt) this.#notInTime(from, sentAt, now);
    if (!isFor) return undefined;
    this.#asked = undefined;
    from.counts.answered++;
    const isException = (answer[0]! & exceptionBit) !== 0;
    if (isException) from.counts.exceptions++;
    if (isException && isUnreachable(answer[1]!)) this.#isSilent(from, now);
    else {
      from.missed = 0;
      from.restsUntil = 0;
      from.answeredAt = now;
    }
    const tookMs = now - asked.sentAt;
    from.responseMs = from.responseMs === undefined ? tookMs : from.responseMs + (tookMs - from.responseMs) / 8;
    if ('write' in asked.what) {
      from.settled(asked.pdu);
      // What it has now is to be told.
      for (const block of from.blocks) if (block.refusedBy === undefined) block.dueAt = Math.min(block.dueAt, now);
      return { kind: 'written', write: asked.what.write, answer };
    }
    const { block } = asked.what;
    const copyOf = block.isConfusable && !isException ? from.copyOf(asked.pdu, answer) : undefined;
    // Nothing else can come of it but a second copy, unless this was one: then the answer itself is still to come. All exceptions are alike.
    if (asked.attempt === 1 && copyOf === undefined && !isException) from.settled(asked.pdu);
    if (isException) {
      this.#refused(block, answer[1]!, asked.sentAt);
      return undefined;
    }
    block.dueAt = asked.sentAt + from.everyMs;
    block.refusals = 0;
    block.refusedBy = undefined;
    if (copyOf === 'another') {
      from.counts.stray++;
      block.dueAt = now;
      from.restsUntil = now + this.#lateMs;
      return undefined;
    }
    if (block.isConfusable) from.remember(asked.pdu, answer, now);
    return { kind: 'read', unit, request: asked.pdu, answer };
  }

  /** What came can only have been the answer, and its checksum is wrong. */
  damaged(now: MonotonicMs): BusEvent<W> | undefined {
    return this.#asked && this.#missed(this.#asked, now, 'damaged');
  }

  #notInTime(from: Unit, sentAt: MonotonicMs | undefined, now: MonotonicMs): void {
    // What comes sooner, with nothing open that it could be for, is a second copy.
    if (sentAt === undefined || now - sentAt <= this.#waitMs) {
      from.counts.stray++;
      return;
    }
    from.counts.late++;
    // It is there, only slow: it may be asked twice again, as then its first answer comes in time for the second request.
    from.missed = 0;
    from.answeredAt = now;
    from.lastLate = { at: now, afterMs: now - sentAt };
  }

  #ask(what: Omit<Asked<W>, 'id' | 'sentAt' | 'until' | 'attempt'>, attempt: number, now: MonotonicMs): BusStep<W> {
    const { unit, pdu } = what;
    this.#lastId = (this.#lastId + 1) & 0xffff;
    const until = now + this.#times.timeoutMs + this.#times.airMs(pdu);
    this.#asked = { ...what, id: this.#lastId, sentAt: now, until, attempt };
    what.of.sent(pdu, now, this.#lastId);
    return { name: 'ask', question: { unit, pdu, id: this.#lastId } };
  }

  #missed(asked: Asked<W>, now: MonotonicMs, why: 'silent' | 'damaged'): BusEvent<W> | undefined {
    this.#asked = undefined;
    const { of, what, attempt } = asked;
    if (why === 'silent') of.counts.unanswered++;
    else of.counts.damaged++;
    // What was written may have been done; whether it is to be done again, who wrote it knows.
    if ('write' in what) return { kind: 'not-written', write: what.write, why };
    if (of.missed === 0 && attempt <= this.#times.retries) {
      this.#again = asked;
      return undefined;
    }
    // Something came, so it is there.
    if (why === 'damaged') of.missed = 0;
    else {
      if (of.missed > 0) this.#silentFrom = now + silentShare * (now - asked.sentAt);
      this.#isSilent(of, now);
    }
    what.block.dueAt = asked.sentAt + of.everyMs;
    return undefined;
  }

  #isSilent(unit: Unit, now: MonotonicMs): void {
    unit.missed++;
    const backoffMs = Math.max(unit.everyMs, leastBackoffMs) * 2 ** Math.min(unit.missed - 1, 16);
    unit.restsUntil = now + Math.min(backoffMs, Math.max(unit.everyMs, rarestMs));
  }

  #refused(block: Block, code: number, sentAt: MonotonicMs): void {
    const { unit } = block;
    if (code >= 1 && code <= 3) {
      block.refusals++;
      // Once, it may have been a late answer to something else.
      if (block.refusals > 1) block.refusedBy = code;
    }
    const waitMs = code === 5 || code === 6 ? Math.min(unit.everyMs, busyMs) : unit.everyMs;
    block.dueAt = sentAt + (block.refusedBy === undefined ? waitMs : Math.max(waitMs, refusedMs));
  }

  /** The read that is due first, and when it may go out. */
  #nextRead(now: MonotonicMs): { readonly block: Block; readonly at: MonotonicMs } | undefined {
    let first: Block | undefined;
    let firstAt = Number.POSITIVE_INFINITY;
    const areOthersThere = this.units.some(({ missed, answeredAt }) => missed === 0 && answeredAt !== undefined);
    const silentFrom = areOthersThere ? this.#silentFrom : Number.NEGATIVE_INFINITY;
    for (const unit of this.units) {
      const restsUntil = unit.missed > 0 ? Math.max(unit.restsUntil, silentFrom) : unit.restsUntil;
      for (const block of unit.blocks) {
        const at = Math.max(block.dueAt, restsUntil, this.#clearAt(block));
        // Of those that may go, the one that has waited for longest.
        const isBefore = at <= now ? firstAt > now || block.dueAt < first!.dueAt : at < firstAt;
        if (isBefore) [first, firstAt] = [block, at];
      }
    }
    return first && { block: first, at: firstAt };
  }

  /** When nothing that a unit has left to say can be taken for the answer. */
  #clearAt({ unit, pdu, isConfusable: canBe }: Block): MonotonicMs {
    const since = canBe ? unit.confusedSince(pdu) : undefined;
    return since === undefined ? Number.NEGATIVE_INFINITY : since + this.#lateMs;
  }

  #nextWrite(now: MonotonicMs): { readonly write: PendingWrite<W>; readonly at: MonotonicMs } | undefined {
    let first: { readonly write: PendingWrite<W>; readonly at: MonotonicMs } | undefined;
    for (const write of this.#writes) {
      const since = this.#times.isNumbered ? undefined : this.#byAddress.get(write.unit)!.confusedSince(write.pdu);
      const at = since === undefined ? now : since + this.#lateMs;
      if (first === undefined || at < first.at) first = { write, at };
    }
    return first;
  }
}

/** A gateway says that the unit behind it does not answer. */
const isUnreachable = (code: number): boolean => code === 10 || code === 11;

function earliest(times: readonly (MonotonicMs | undefined)[]): MonotonicMs | undefined {
  let first: MonotonicMs | undefined;
  for (const time of times) if (time !== undefined && (first === undefined || time < first)) first = time;
  return first;
}
