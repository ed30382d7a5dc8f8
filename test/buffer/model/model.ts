import assert from 'node:assert/strict';
import { laneOf } from '../../../src/buffer/lane.ts';
import type { LedgerCounts } from '../../../src/buffer/ledger.ts';
import { reportsKey } from '../../../src/buffer/reports.ts';
import type { BufferStatus, LaneStatus } from '../../../src/buffer/status.ts';
import type { StoredBatch } from '../../../src/core/batch.ts';
import { dropReasons, type Gap, type Handling } from '../../../src/core/handling.ts';
import { contentOf, ruleNames, rules } from './site.ts';

/** What the model knows of one record. */
export interface KnownRecord {
  readonly id: number;
  readonly handling: Handling;
  readonly device: string;
  readonly lane: string;
  /** When it was appended, in monotonic time. */
  readonly atMs: number;
  /**
   * `pending`: its source waits, or does not, because the rule acknowledges at once. `taken`: its source was told yes.
   * `refused`: its source was told no. `turned-away`: taken, and dropped at the door, as the rule says.
   */
  answer: 'pending' | 'taken' | 'refused' | 'turned-away';
  /** As the buffer has shown it; or only told to whom waited. */
  sequence: number | undefined;
  toldSequence: number;
  /** It must reach the collector, or be reported. */
  isOwed: boolean;
  /** A crash may have taken it along, as its rule allows. */
  mayBeLost: boolean;
  /** It had outlived its rule when the power went: that it was dropped may not be on disk, and then it is there again. */
  mayComeLate: boolean;
  isCollected: boolean;
}

/** Few, so that each sends under several rules. */
const devices = 3;

const isEarly = ({ durability }: Handling): boolean => durability === 'relaxed' || durability === 'memory';
const isChoice = (reason: string): boolean => reason === 'thinned' || reason === 'not-forwarded';
export const isKept = ({ priority, whenFull }: Handling): boolean => priority === 'critical' || whenFull === 'block';
const sum = (counts: Iterable<number>): number => [...counts].reduce((all, one) => all + one, 0);

/** What should have become of every record, and the collector that it is compared with. */
export class Model {
  readonly records: KnownRecord[] = [];
  readonly gaps: Gap[] = [];
  /** Discarded as a rule asked for, by rule. */
  readonly choices = new Map<string, number>();
  /** What each sequence was given to: a record's number, or a gap's text. */
  readonly #bySequence = new Map<number, number | string>();
  readonly #collected = new Set<number>();
  readonly #newest = new Map<string, number>();
  #hasCrashed = false;
  #hasFailed = false;

  /** @returns the record, to be told what its source is told */
  append(handling: Handling, atMs: number): KnownRecord {
    const id = this.records.length;
    const record: KnownRecord = {
      id,
      handling,
      device: `device-${id % devices}`,
      lane: laneOf(handling).key,
      atMs,
      answer: 'pending',
      sequence: undefined,
      toldSequence: 0,
      isOwed: false,
      mayBeLost: false,
      mayComeLate: false,
      isCollected: false,
    };
    this.records.push(record);
    return record;
  }

  settle(record: KnownRecord, error: Error | undefined, sequence: number): void {
    assert.ok(record.answer === 'pending', `record ${record.id} was ${record.answer}, and is answered again`);
    if (error !== undefined) record.answer = 'refused';
    else if (sequence === 0) record.answer = 'turned-away';
    else {
      record.answer = 'taken';
      // What was acknowledged at once may be gone by now, and its sequence never have been anybody's.
      if (isEarly(record.handling)) record.toldSequence = sequence;
      else this.#give(sequence, record.id);
      record.isOwed ||= !isEarly(record.handling);
    }
    if (record.answer === 'turned-away') assert.ok(!isKept(record.handling), `record ${record.id} must not be dropped`);
  }

  /** The buffer shows a batch: its sequences must not have been anybody else's. */
  see(batch: StoredBatch): void {
    for (const { sequence, content } of contentOf(batch)) {
      this.#give(sequence, typeof content === 'number' ? content : JSON.stringify(content));
    }
  }

  /** A batch is durable at the collector. One that it had before is the same. */
  collect(batch: StoredBatch): void {
    this.see(batch);
    for (const { sequence, content } of contentOf(batch)) {
      if (this.#collected.has(sequence)) continue;
      this.#collected.add(sequence);
      const before = this.#newest.get(batch.lane) ?? 0;
      const mayComeLate = typeof content === 'number' && this.records[content]!.mayComeLate;
      assert.ok(sequence > before || mayComeLate, `lane ${batch.lane}: ${sequence} was sent after ${before}`);
      this.#newest.set(batch.lane, Math.max(before, sequence));
      if (typeof content === 'number') this.records[content]!.isCollected = true;
      else this.gaps.push(content);
    }
  }

  /** The disk fails, or did: what was refused may be there all the same. */
  diskFailed(): void {
    this.#hasFailed = true;
  }

  crashed(nowMs: number): void {
    this.#hasCrashed = true;
    for (const record of this.records) {
      const { ttlMs = Number.POSITIVE_INFINITY } = record.handling;
      if (!record.isCollected && record.atMs + ttlMs < nowMs) record.mayComeLate = true;
      if (record.answer === 'pending' && !record.isOwed) record.mayBeLost = true;
      if (isEarly(record.handling) && !record.isOwed) record.mayBeLost = true;
    }
  }

  /** The buffer was stopped, and the disk was well: what it had acknowledged is on it. */
  stopped(): void {
    for (const record of this.records) {
      const isAnswered = record.answer !== 'pending' || isEarly(record.handling) || record.mayBeLost;
      assert.ok(isAnswered, `record ${record.id} was never answered`);
      if (isEarly(record.handling) && record.answer !== 'refused' && !record.mayBeLost) {
        record.isOwed ||= record.answer !== 'turned-away';
      }
    }
  }

  /** What holds at every moment. */
  check(status: BufferStatus, nowMs: number): void {
    checkEquation('all lanes', status.ledger);
    for (const lane of status.lanes) this.#checkLane(lane, nowMs);
    for (const name of ['received', 'delivered', 'waiting'] as const) {
      assert.equal(status.ledger[name], sum(status.lanes.map(({ ledger }) => ledger[name])), name);
    }
    assert.equal(status.waitingRecords, status.ledger.waiting);
    assert.ok(status.pendingBytes >= 0);
  }

  /** What holds when the uplink has taken everything. */
  checkEnd(status: BufferStatus): void {
    assert.equal(status.waitingRecords, 0);
    assert.equal(status.pendingBytes, 0);
    for (const record of this.records) this.#checkFate(record);
    this.#checkOrder();
    for (const lane of status.lanes) this.#checkCounts(lane);
    for (const rule of ruleNames) this.#checkGaps(rules[rule].rule, status.lanes);
  }

  #give(sequence: number, content: number | string): void {
    const before = this.#bySequence.get(sequence);
    assert.ok(before === undefined || before === content, `sequence ${sequence} was ${before}, and is ${content}`);
    this.#bySequence.set(sequence, content);
    if (typeof content !== 'number') return;
    const record = this.records[content]!;
    assert.ok(record.sequence === undefined || record.sequence === sequence, `record ${content} has two sequences`);
    record.sequence = sequence;
  }

  #checkLane(lane: LaneStatus, nowMs: number): void {
    checkEquation(lane.lane, lane.ledger);
    const { dropped } = lane.ledger;
    assert.equal(lane.waitingRecords, lane.ledger.waiting);
    assert.ok(lane.waitingBytes >= 0, `${lane.lane}: ${lane.waitingBytes} bytes wait`);
    assert.equal(dropped.damaged, 0, `${lane.lane}: nothing was damaged`);
    const own = this.records.filter((record) => record.lane === lane.lane);
    if (lane.lane === reportsKey || (own[0] !== undefined && isKept(own[0].handling))) {
      const losses = dropReasons.filter((reason) => !isChoice(reason) && reason !== 'disk-failed');
      for (const reason of losses) assert.equal(dropped[reason], 0, `${lane.lane}: ${reason}, and must not be dropped`);
    }
    // The oldest go first, so that counting is enough.
    const old = own.filter(({ handling, atMs }) => handling.ttlMs !== undefined && atMs + handling.ttlMs < nowMs);
    assert.ok(
      dropped.expired <= old.length,
      `${lane.lane}: ${dropped.expired} expired, and ${old.length} are that old`,
    );
  }

  /** Owed means: delivered, or within a reported gap of its rule. */
  #checkFate({ id, handling, isOwed, isCollected, mayBeLost, ...record }: KnownRecord): void {
    const sequence = record.sequence ?? record.toldSequence;
    if (!isOwed || isCollected || mayBeLost) return;
    const isReported = this.gaps.some(
      ({ rule, reason, firstSequence = 0, lastSequence = -1 }) =>
        rule === handling.rule &&
        !isChoice(reason) &&
        (sequence === 0 || (firstSequence <= sequence && sequence <= lastSequence)),
    );
    assert.ok(isReported, `record ${id} (${handling.rule}, sequence ${sequence}) is gone, and no gap tells of it`);
  }

  /** The uplink goes by sequence within a priority: there, a device's records have theirs in the order they came in. */
  #checkOrder(): void {
    const last = new Map<string, KnownRecord>();
    for (const record of this.records) {
      if (record.sequence === undefined) continue;
      const name = `${record.device}, ${record.handling.priority}`;
      const before = last.get(name);
      const isBehind = before === undefined || before.sequence! < record.sequence;
      assert.ok(isBehind, `${name}: ${record.id} has ${record.sequence}, and ${before?.id} ${before?.sequence}`);
      last.set(name, record);
    }
  }

  /** As many were dropped as did not arrive. */
  #checkCounts({ lane, ledger }: LaneStatus): void {
    const own = this.records.filter((record) => record.lane === lane);
    if (own.length === 0) return;
    const missing = own.filter(({ isCollected, answer }) => !isCollected && answer !== 'turned-away');
    const owed = missing.filter(({ isOwed, mayBeLost }) => isOwed && !mayBeLost).length;
    const turnedAway = own.filter(({ answer }) => answer === 'turned-away').length;
    const losses = sum(dropReasons.filter((reason) => !isChoice(reason)).map((reason) => ledger.dropped[reason]));
    const collected = own.filter(({ isCollected }) => isCollected).length;
    // What the collector has and the buffer was not told of may have been dropped since.
    assert.ok(ledger.delivered <= collected, `${lane}: ${ledger.delivered} delivered, and ${collected} arrived`);
    assert.ok(losses >= owed, `${lane}: ${owed} are missing, and ${losses} counted as lost`);
    if (this.#hasCrashed || this.#hasFailed) return;
    const taken = own.filter(
      ({ answer, handling }) => answer === 'taken' || (answer === 'pending' && isEarly(handling)),
    );
    const choices = sum(dropReasons.filter(isChoice).map((reason) => ledger.dropped[reason]));
    assert.equal(ledger.received - choices, taken.length + turnedAway, `${lane}: received`);
    assert.equal(losses + ledger.delivered, taken.length + turnedAway, `${lane}: delivered and lost`);
    assert.equal(choices, this.choices.get(lane) ?? 0, `${lane}: what the rule leaves out`);
  }

  /** What was reported is what the ledger counts, once. */
  #checkGaps(rule: string, lanes: readonly LaneStatus[]): void {
    const own = lanes.filter((lane) => lane.rule === rule);
    for (const reason of dropReasons) {
      const counted = sum(own.map(({ ledger }) => ledger.dropped[reason]));
      const gaps = this.gaps.filter((gap) => gap.rule === rule && gap.reason === reason);
      assert.equal(sum(gaps.map(({ count }) => count)), counted, `${rule}: ${reason}, as reported and as counted`);
    }
  }
}

function checkEquation(name: string, { received, delivered, waiting, dropped }: LedgerCounts): void {
  const counts = [received, delivered, waiting, ...Object.values(dropped)];
  assert.ok(
    counts.every((count) => count >= 0),
    `${name}: ${counts}`,
  );
  assert.equal(received, delivered + waiting + sum(Object.values(dropped) as number[]), `${name}: the ledger`);
}
