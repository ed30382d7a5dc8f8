import type { Handed, SerialWords } from '../../core/command.ts';

export interface TurnsDependencies {
  /** @returns false: nothing of it goes out */
  readonly write: (bytes: Uint8Array) => boolean;
  /** Nothing else is under way on the line. */
  readonly isFree: () => boolean;
  /** The device does not answer: the line is free for others. */
  readonly done: () => void;
}

interface Turn {
  readonly words: SerialWords;
  readonly settle: (handed: Handed) => void;
  /** Gives it back. */
  readonly patience: NodeJS.Timeout;
}

/** What the line has no time for within this is given back, and waits where it can expire. */
const patienceMs = 10_000;

/**
 * What a device is told, one thing after the other: the next one when it has answered to the last, or its time for that is
 * over. Nothing is told twice. What a connection's end leaves is told to nobody, or, once it was written, not answered.
 */
export class CommandTurns {
  readonly #deps: TurnsDependencies;
  #waiting: Turn[] = [];
  #underWay: Turn | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: TurnsDependencies) {
    this.#deps = deps;
  }

  /** Something was told, and its answer is waited for. */
  get isUnderWay(): boolean {
    return this.#underWay !== undefined;
  }

  /** It is told by {@link next}. @param withinMs later it is not to be told any more */
  add(words: SerialWords, withinMs: number): Promise<Handed> {
    const { promise, resolve } = Promise.withResolvers<Handed>();
    const patience = setTimeout(() => this.#giveBack(turn), Math.min(patienceMs, withinMs));
    const turn: Turn = { words, settle: resolve, patience };
    this.#waiting.push(turn);
    return promise;
  }

  /** Tells what waits, if the line is free. */
  next(): void {
    while (this.#underWay === undefined && this.#waiting.length > 0 && this.#deps.isFree()) {
      const turn = this.#waiting.shift()!;
      clearTimeout(turn.patience);
      const { bytes, answer } = turn.words;
      if (!this.#deps.write(bytes)) turn.settle(false);
      // That it was written says nothing of what the device makes of it.
      else if (answer === undefined) turn.settle({ outcome: 'unanswered' });
      else {
        this.#underWay = turn;
        this.#timer = setTimeout(() => {
          this.#settle({ outcome: 'unanswered' });
          this.#deps.done();
        }, answer.timeoutMs);
      }
    }
  }

  /** A frame came, which may be the answer. What is next is told once all that came with it has been heard: it may hold a copy. */
  heard(frame: Uint8Array): void {
    const said = this.#underWay?.words.answer?.read(frame);
    if (said !== undefined) this.#settle(said);
  }

  stop(): void {
    for (const turn of [...this.#waiting]) this.#giveBack(turn);
    if (this.#underWay !== undefined) this.#settle({ outcome: 'unanswered' });
  }

  #giveBack(turn: Turn): void {
    clearTimeout(turn.patience);
    this.#waiting = this.#waiting.filter((one) => one !== turn);
    turn.settle(false);
  }

  #settle(handed: Handed): void {
    clearTimeout(this.#timer);
    this.#underWay?.settle(handed);
    this.#underWay = undefined;
  }
}
