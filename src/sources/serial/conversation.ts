import type { Handed, SerialWords } from '../../core/command.ts';
import type { Acknowledgement } from '../../profiles/acknowledgement.ts';
import type { Discarded, Framed, Framer } from '../../profiles/framing/framer.ts';
import type { SerialLine } from '../../profiles/serial-line.ts';
import { CommandTurns } from './command-turns.ts';
import type { SerialConnection } from './connection.ts';
import { PollSchedule } from './poll-schedule.ts';
import { SignOn } from './sign-on.ts';

export interface ConversationDependencies {
  readonly line: SerialLine;
  /** The speed at which it begins. */
  readonly baud: number;
  /** After so much silence no frame goes on, other than one that is told by pauses. */
  readonly quietMs: number;
  /** Counts of the port, which go on from one connection to the next. */
  readonly counts: { bytes: number; requests: number; unanswered: number };
  /** @param reply writes to the device as long as this connection lasts */
  readonly frame: (payload: Uint8Array, reply: (bytes: Uint8Array) => void) => void;
  /** A damaged frame was refused. */
  readonly refused: () => void;
  readonly discarded: (what: Discarded) => void;
}

/** How it is noticed that a connection is not to go on where the system does not say so. */
export interface Watch {
  readonly everyMs: number;
  /** Why not, as a sentence; undefined: all is well. */
  readonly obstacle: () => Promise<string | undefined>;
}

/** Modbus over serial line 1.02, 2.5.1.1: a frame ends with 3.5 characters of silence, 11 bits each. */
const pauseCharacters = 3.5;
/** USB adapters and the kernel hand over bytes in lots, up to 16 ms apart. */
const leastPauseMs = 20;

/** One connection to a device, from its opening to its end: bytes become frames, and the device is asked what it has to be asked. */
export class Conversation {
  readonly #deps: ConversationDependencies;
  readonly #framer: Framer;
  readonly #schedule: PollSchedule;
  readonly #commands: CommandTurns;
  #quiet: NodeJS.Timeout | undefined;
  #connection: SerialConnection | undefined;
  #watch: NodeJS.Timeout | undefined;
  #poll: NodeJS.Timeout | undefined;
  /** How many lots of bytes came; tells whether one came in between. */
  #lots = 0;
  #baud: number;
  #signOn: SignOn | undefined;
  /** The line goes back to its own speed. */
  #isSwitching = false;
  /** A whole frame that comes now is taken for one. */
  #isInStep: boolean;
  #isPaused = false;
  #isOver = false;

  constructor(deps: ConversationDependencies) {
    const { line, counts, baud } = deps;
    this.#deps = deps;
    this.#baud = baud;
    this.#isInStep = !line.beginsLate;
    this.#framer = line.newFramer();
    this.#schedule = new PollSchedule(line.polls, performance.now(), counts);
    this.#commands = new CommandTurns({
      write: (bytes) => this.#connection?.write(bytes) ?? false,
      isFree: () =>
        this.#isInStep && !this.#isPaused && !this.#isOver && !this.#isSwitching && !this.#schedule.isAsking,
      done: () => this.#ask(),
    });
  }

  /** Resolves when it is over, with the reason as a sentence. */
  get closed(): Promise<string> {
    return this.#connection?.closed ?? Promise.resolve('It was closed.');
  }

  begin(connection: SerialConnection, { everyMs, obstacle }: Watch): void {
    const { line, baud, quietMs } = this.#deps;
    const pauseMs = Math.max(leastPauseMs, Math.ceil((pauseCharacters * 11 * 1_000) / baud));
    this.#connection = connection;
    this.#quiet = setTimeout(() => this.#fellSilent(), line.isByPauses ? pauseMs : quietMs);
    this.#watch = setInterval(async () => {
      const reason = await obstacle();
      if (reason !== undefined) connection.close(reason);
    }, everyMs);
    void connection.closed.then(() => this.#end());
    this.#ask();
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused) {
      this.#connection?.pause();
      return;
    }
    this.#connection?.resume();
    this.#quiet?.refresh();
    this.#ask();
  }

  /** Nothing is under way for which the speed matters. */
  get isAtRest(): boolean {
    return this.#connection !== undefined && this.#signOn === undefined && !this.#isSwitching && !this.#isOver;
  }

  /** Goes on at another speed, as nothing but noise was heard. Only at rest. */
  async changeBaud(baud: number): Promise<void> {
    const connection = this.#connection!;
    this.#isSwitching = true;
    this.#baud = baud;
    try {
      await connection.setBaud(baud);
    } catch (error) {
      connection.close(`Its speed could not be changed (${error instanceof Error ? error.message : error}).`);
    }
    this.#isSwitching = false;
    // What waits was heard at the speed of before.
    this.#giveUp();
    this.#ask();
  }

  close(reason: string): void {
    this.#connection?.close(reason);
  }

  /** Tells the device something, once nothing else is under way. What it makes of that is in the frames that come. */
  async tell(words: SerialWords, withinMs: number): Promise<Handed> {
    if (this.#isOver) return false;
    const handed = this.#commands.add(words, withinMs);
    this.#ask();
    return await handed;
  }

  heard(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#lots++;
    this.#deps.counts.bytes += bytes.length;
    if (this.#signOn !== undefined) {
      this.#schedule.hears(performance.now());
      this.#take(this.#framer.push(this.#signOn.heard(bytes)));
    } else if (this.#deps.line.acknowledge === undefined) this.#take(this.#framer.push(bytes));
    else this.#heardOwing(bytes, this.#deps.line.acknowledge);
    this.#quiet?.refresh();
  }

  readonly #reply = (bytes: Uint8Array): void => {
    if (!this.#isOver) this.#connection?.write(bytes);
  };

  /** Of a device that waits for an answer: what it asks between frames is answered at once, and a damaged frame is refused. */
  #heardOwing(bytes: Uint8Array, { signals, refusal }: Acknowledgement): void {
    const framer = this.#framer;
    for (let at = 0; at < bytes.length; ) {
      const signal = framer.hasBegun ? undefined : signals.get(bytes[at]!);
      let end = at + 1;
      if (signal !== undefined) this.#reply(signal);
      else {
        while (end < bytes.length && !signals.has(bytes[end]!)) end++;
        this.#take(framer.push(bytes.subarray(at, end)));
      }
      at = end;
    }
    if (refusal === undefined || !framer.isDamaged) return;
    // It waits for the answer: so nothing that follows belongs to the damaged frame.
    this.#take(framer.silence());
    this.#deps.refused();
    this.#reply(refusal);
  }

  #take({ frames, discarded }: Framed): void {
    for (const one of discarded) this.#deps.discarded(one);
    if (frames.length > 0) {
      this.#isInStep = true;
      this.#endSignOn();
      this.#schedule.heard(performance.now());
      for (const { payload } of frames) {
        this.#deps.frame(payload, this.#reply);
        this.#commands.heard(payload);
      }
      this.#ask();
    }
  }

  #fellSilent(): void {
    const lots = this.#lots;
    // When this process was busy, bytes may have been there for long: they get their turn first.
    setImmediate(() => {
      if (this.#isOver || this.#isPaused || lots !== this.#lots) return;
      this.#take(this.#framer.silence());
      if (this.#isInStep) return;
      this.#isInStep = true;
      this.#ask();
    });
  }

  #ask(): void {
    clearTimeout(this.#poll);
    // What people ask for comes before what is asked from time to time.
    this.#commands.next();
    while (!this.#isPaused && !this.#isOver && !this.#isSwitching && !this.#commands.isUnderWay) {
      const now = performance.now();
      const step = this.#schedule.next(now);
      Object.assign(this.#deps.counts, this.#schedule.counts);
      if (step.name === 'wait') {
        if (step.until !== undefined) this.#poll = setTimeout(() => this.#ask(), step.until - now);
        return;
      }
      if (step.name === 'ask') this.#connection?.write(step.request);
      else if (step.name === 'sign-on') this.#beginSignOn(step.request);
      else {
        this.#endSignOn();
        this.#giveUp();
        this.#commands.next();
      }
    }
  }

  #beginSignOn(request: Uint8Array): void {
    const connection = this.#connection!;
    const failed = (reason: string): void => connection.close(reason);
    this.#signOn = new SignOn({ connection, request, restBaud: this.#baud, failed });
    void this.#signOn.begin();
  }

  #endSignOn(): void {
    const signOn = this.#signOn;
    if (signOn === undefined) return;
    this.#signOn = undefined;
    this.#isSwitching = true;
    void signOn.end().then(() => {
      this.#isSwitching = false;
      this.#ask();
    });
  }

  #giveUp(): void {
    const { frames, discarded } = this.#framer.silence();
    for (const one of discarded) this.#deps.discarded(one);
    for (const { payload } of frames) this.#deps.frame(payload, this.#reply);
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#quiet);
    clearTimeout(this.#poll);
    clearInterval(this.#watch);
    this.#giveUp();
    this.#commands.stop();
  }
}
