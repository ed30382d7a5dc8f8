import type { Connection } from '../serial/connection.ts';
import type { Line } from './line.ts';
import type { BusSchedule } from './schedule.ts';
import type { BusEvent } from './step.ts';
import type { Wire } from './wire.ts';

export interface ConversationDependencies<W> {
  readonly schedule: BusSchedule<W>;
  readonly wire: Wire;
  readonly tell: (event: BusEvent<W>) => void;
  readonly line: Pick<Line, 'quietMs' | 'pauseMs' | 'isRemote'>;
  /** A line that is never silent is written to after so long all the same, in ms. */
  readonly patienceMs: number;
}

/** After so many requests in a row without an answer it is looked whether the connection is still good for anything. */
const maxUnanswered = 3;
/** Who sends more than this that is no answer is not listened to any longer. */
const maxUnaskedBytes = 1024 * 1024;

/** One connection to a bus, from its opening to its end: the schedule's steps are carried out, and what is heard is told to it. */
export class Conversation<W> {
  readonly #deps: ConversationDependencies<W>;
  readonly #connection: Connection;
  #timer: NodeJS.Timeout | undefined;
  readonly #silence: NodeJS.Timeout;
  /** When something came last. */
  #heardAt = Number.NEGATIVE_INFINITY;
  /** Since when there is noise instead of silence. */
  #noiseSince: number | undefined;
  /** How many lots of bytes came; tells whether one came in between. */
  #lots = 0;
  /** What came since the last answer. */
  #unaskedBytes = 0;
  readonly #openedAt = performance.now();
  /** Requests in a row that were not answered, and how many answers had been late before. */
  #unanswered = 0;
  #lateBefore: number;
  #received = 0;
  #isPaused = true;
  #isOver = false;

  /** Nothing is asked before `pause` has said whether to. */
  constructor(deps: ConversationDependencies<W>, connection: Connection) {
    this.#deps = deps;
    this.#connection = connection;
    this.#lateBefore = this.#late();
    this.#silence = setTimeout(() => this.#fellSilent(), deps.line.pauseMs);
    void connection.closed.then(() => this.#end());
  }

  /** Resolves when it is over, with the reason as a sentence. */
  get closed(): Promise<string> {
    return this.#connection.closed;
  }

  get received(): number {
    return this.#received;
  }

  get strayBytes(): number {
    return this.#deps.wire.strayBytes;
  }

  /** Whether nothing is to be read, as nobody would take it. What is written goes on. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.go();
  }

  close(reason: string): void {
    this.#connection.close(reason);
  }

  heard(bytes: Uint8Array): void {
    if (this.#isOver) return;
    const { wire, schedule, tell } = this.#deps;
    const now = performance.now();
    this.#lots++;
    this.#received += bytes.length;
    this.#unaskedBytes += bytes.length;
    if (this.#deps.line.isRemote && this.#unaskedBytes > maxUnaskedBytes) {
      this.#connection.close('What is there sends without end what nobody asked for.');
      return;
    }
    this.#heardAt = now;
    const strayBefore = wire.strayBytes;
    const answers = wire.push(bytes);
    if (typeof answers === 'string') {
      this.#connection.close(answers);
      return;
    }
    for (const { unit, pdu, id } of answers) {
      const { asked } = schedule;
      const event = schedule.heard(unit, pdu, now, id);
      if (asked !== undefined && schedule.asked === undefined) {
        [this.#unanswered, this.#lateBefore] = [0, this.#late()];
        this.#unaskedBytes = 0;
      }
      if (event !== undefined) tell(event);
    }
    if (wire.strayBytes > strayBefore) this.#noiseSince ??= now;
    if (!wire.isNumbered) this.#silence.refresh();
    this.go();
  }

  /** Does what is to be done now, and sees to it that the rest is done in its time. */
  go(): void {
    const { schedule, wire, line, tell } = this.#deps;
    clearTimeout(this.#timer);
    while (!this.#isOver) {
      const now = performance.now();
      const { asked } = schedule;
      const step = schedule.next(now, this.#freeAt(), !this.#isPaused);
      if (asked !== undefined && schedule.asked === undefined) this.#unanswered++;
      if (step.name === 'wait') {
        if (step.until !== undefined) this.#timer = setTimeout(() => this.#inTurn(), Math.ceil(step.until - now));
        return;
      }
      if (step.name === 'tell') tell(step.event);
      if (line.isRemote && this.#unanswered >= maxUnanswered && this.#isUseless()) {
        this.#connection.close('Nothing is answered any more on this connection: a new one is made.');
        return;
      }
      if (step.name === 'ask') {
        this.#noiseSince = undefined;
        this.#connection.write(wire.send(step.question));
      }
    }
  }

  #late(): number {
    return this.#deps.schedule.units.reduce((sum, { counts }) => sum + counts.late, 0);
  }

  /**
   * The other end gives each answer one request too late, as some gateways do once they are out of step; or all units that
   * had answered on this connection do so no more: it may be gone without a word. Units that never did say nothing of it.
   */
  #isUseless(): boolean {
    const { wire, schedule } = this.#deps;
    if (wire.isNumbered && this.#late() - this.#lateBefore >= maxUnanswered) return true;
    const heard = schedule.units.filter(({ answeredAt = 0 }) => answeredAt >= this.#openedAt);
    return heard.length > 0 && heard.every(({ missed }) => missed > 0);
  }

  /** When this process was busy, an answer may have been there for long: it gets its turn before it is given up. */
  #inTurn(): void {
    setImmediate(() => this.go());
  }

  #freeAt(): number {
    const { wire, line, patienceMs } = this.#deps;
    const { quietMs, pauseMs } = line;
    if (wire.isNumbered) return this.#heardAt + quietMs;
    const isNoisy = this.#noiseSince !== undefined;
    const silentAt = this.#heardAt + (isNoisy ? Math.max(quietMs, pauseMs) : quietMs);
    return isNoisy ? Math.min(silentAt, this.#noiseSince! + patienceMs) : silentAt;
  }

  #fellSilent(): void {
    const lots = this.#lots;
    setImmediate(() => {
      const { schedule, wire, tell } = this.#deps;
      if (this.#isOver || lots !== this.#lots || schedule.asked === undefined || !wire.isDamaged()) return;
      const event = schedule.damaged(performance.now());
      if (event !== undefined) tell(event);
      this.go();
    });
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    for (const event of this.#deps.schedule.end()) this.#deps.tell(event);
  }
}
