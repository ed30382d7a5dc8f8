import { checksumOf } from '../../../src/profiles/framing/checksums.ts';
import { readPdu } from '../../../src/profiles/modbus/pdu.ts';
import { BusSchedule } from '../../../src/sources/modbus/schedule.ts';
import type { BusEvent, BusTimes } from '../../../src/sources/modbus/step.ts';
import type { UnitCounts } from '../../../src/sources/modbus/unit.ts';
import { RtuWire } from '../../../src/sources/modbus/wire.ts';

/** What becomes of one answer on its way. Times in ms. */
export interface Fate {
  readonly afterMs: number;
  /** Once more, so long after the first. */
  readonly copyAfterMs?: number | undefined;
  /** A byte of it is another one when it arrives. */
  readonly damagedAt?: number | undefined;
  readonly isLost?: boolean | undefined;
  /** It tells why not instead. */
  readonly exception?: number | undefined;
}

export const timeoutMs = 100;
const quietMs = 2;
const pauseMs = 20;

export const newCounts = (): UnitCounts => ({
  ...{ asked: 0, answered: 0, unanswered: 0, damaged: 0, exceptions: 0, late: 0, stray: 0 },
});

/** Requests for holding registers, as protocol data units. */
export const blocksOf = (...blocks: readonly (readonly [address: number, count: number])[]): Uint8Array[] =>
  blocks.map(([address, count]) => readPdu({ unit: 1, table: 'holding', address, count }));

export interface SimulatedUnit {
  readonly unit: number;
  readonly everyMs: number;
  readonly requests: readonly Uint8Array[];
  /** What becomes of its answers, one after the other; when they run out, all is well with `usualMs`. Null: it is dead. */
  readonly fates: readonly Fate[] | null;
  /** An exception in place of an answer, by the request's address. */
  readonly refuses?: Readonly<Record<number, number>>;
}

/** A bus with devices that are as bad as can be, in a time of its own: schedule and wire are the real ones. */
export class SimulatedBus<W = unknown> {
  readonly schedule: BusSchedule<W>;
  readonly counts = new Map<number, UnitCounts>();
  readonly events: { readonly at: number; readonly event: BusEvent<W> }[] = [];
  /** Requests as they went out. */
  readonly sent: { readonly at: number; readonly unit: number; readonly code: number; readonly address: number }[] = [];
  now = 0;
  readonly #units: ReadonlyMap<number, SimulatedUnit>;
  readonly #fates = new Map<number, number>();
  readonly #wire: RtuWire;
  #coming: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  #heardAt = Number.NEGATIVE_INFINITY;
  #said = 0;

  constructor(units: readonly SimulatedUnit[], times: Partial<BusTimes> = {}) {
    this.#units = new Map(units.map((one) => [one.unit, one]));
    for (const { unit } of units) this.counts.set(unit, newCounts());
    this.schedule = new BusSchedule<W>(
      units,
      { timeoutMs, retries: 1, isNumbered: false, airMs: () => 0, ...times },
      0,
      (unit) => this.counts.get(unit)!,
    );
    this.#wire = new RtuWire(new Set(this.#units.keys()));
  }

  /** Everything that happens until then. */
  run(until: number): this {
    for (;;) {
      const step = this.schedule.next(this.now, this.#heardAt + quietMs, true);
      if (step.name === 'tell') this.#tell(step.event);
      if (step.name === 'ask') this.#answer(Buffer.from(this.#wire.send(step.question)));
      if (step.name !== 'wait') continue;
      const silentAt = this.#heardAt + pauseMs;
      const isOpen = this.schedule.asked !== undefined && this.#wire.isDamaged() && silentAt > this.now;
      const next = Math.min(step.until ?? until, this.#coming[0]?.at ?? until, isOpen ? silentAt : until);
      if (next >= until) {
        this.now = until;
        return this;
      }
      this.now = Math.max(next, this.now);
      if (this.#coming[0] !== undefined && this.#coming[0].at <= this.now) this.#hear(this.#coming.shift()!.bytes);
      else if (isOpen && this.now === silentAt) this.#tell(this.schedule.damaged(this.now));
    }
  }

  /** Nothing bad comes any more. */
  get isGood(): boolean {
    return [...this.#units.values()].every(({ unit, fates }) => (this.#fates.get(unit) ?? 0) >= (fates ?? []).length);
  }

  /** When this was read, by unit and address. */
  readsOf(unit: number, address?: number): number[] {
    return this.events.flatMap(({ at, event }) =>
      event.kind === 'read' && event.unit === unit && (address ?? addressOf(event.request)) === addressOf(event.request)
        ? [at]
        : [],
    );
  }

  /** Values under another register than that of which they are, a sentence each. */
  wrongValues(): string[] {
    return this.events.flatMap(({ at, event }) => {
      if (event.kind !== 'read') return [];
      const [first, count] = [addressOf(event.request), event.request[4]!];
      const wrong: string[] = [];
      for (let i = 0; i < count; i++) {
        const is = event.answer[2 + i * 2]!;
        if (is !== first + i) wrong.push(`At ${at} unit ${event.unit} said register ${is} for ${first + i}.`);
      }
      return wrong;
    });
  }

  #tell(event: BusEvent<W> | undefined): void {
    if (event !== undefined) this.events.push({ at: this.now, event });
  }

  #hear(bytes: Uint8Array): void {
    this.#heardAt = this.now;
    for (const { unit, pdu } of this.#wire.push(bytes)) this.#tell(this.schedule.heard(unit, pdu, this.now));
  }

  /** Register A says A in its high byte, and in its low one how often something was said: no two answers are the same. */
  #answer(request: Buffer): void {
    const [unit, code] = [request[0]!, request[1]!];
    const address = request.readUInt16BE(2);
    this.sent.push({ at: this.now, unit, code, address });
    const { fates, refuses = {} } = this.#units.get(unit)!;
    if (fates === null) return;
    const index = this.#fates.get(unit) ?? 0;
    this.#fates.set(unit, index + 1);
    const fate = fates[index] ?? { afterMs: 10 };
    if (fate.isLost) return;
    this.#said++;
    const refusal = fate.exception ?? refuses[address];
    const says = refusal === undefined ? this.#plain(request) : [unit, code | 0x80, refusal];
    const answer = withCrc(says);
    if (fate.damagedAt !== undefined) answer[fate.damagedAt % answer.length]! ^= 0x55;
    this.#send(fate.afterMs, answer);
    if (fate.copyAfterMs !== undefined) this.#send(fate.afterMs + fate.copyAfterMs, answer);
  }

  #plain(request: Buffer): number[] {
    if (request[1]! > 4) return [...request.subarray(0, 6)];
    const [address, count] = [request.readUInt16BE(2), request.readUInt16BE(4)];
    const data = Array.from({ length: count }, (_, i) => [address + i, this.#said & 0xff]).flat();
    return [request[0]!, request[1]!, data.length, ...data];
  }

  #send(afterMs: number, bytes: Uint8Array): void {
    this.#coming.push({ at: this.now + afterMs, bytes });
    this.#coming.sort((a, b) => a.at - b.at);
  }
}

const addressOf = (pdu: Uint8Array): number => pdu[1]! * 256 + pdu[2]!;

function withCrc(bytes: readonly number[]): Uint8Array {
  const sum = checksumOf('crc16-modbus', Uint8Array.from(bytes));
  return Uint8Array.from([...bytes, sum & 0xff, sum >> 8]);
}
