import { setTimeout as delay } from 'node:timers/promises';
import type { SerialConnection } from './connection.ts';

/** How a meter wants to go on after it has said who it is (IEC 62056-21:2002 § 6.3.2 and 6.4). */
export interface Proposal {
  /** What it is answered; undefined: it goes on by itself. */
  readonly reply: Uint8Array | undefined;
  /** The speed of what follows. */
  readonly baud: number;
}

/** At this speed a meter is asked who it is. */
export const signOnBaud = 300;
const letters: readonly number[] = [600, 1200, 2400, 4800, 9600, 19_200];
const digits: readonly number[] = [300, ...letters];
/** The answer comes 200 to 1,500 ms after the identification (§ 6.3.14), else the meter has stopped waiting. */
const reactionMs = 250;
const maxIdentification = 64;

/**
 * What follows from an identification, `/XXXZ…`: by Z it is mode C (a digit), in which the meter waits to be told the speed,
 * mode B (a letter), in which it changes the speed by itself, or mode A, in which nothing changes. A speed that is not known
 * here is declined in mode C. Pure.
 */
export function proposalOf(identification: string): Proposal {
  const mark = identification[4] ?? '';
  if (/^[0-9]$/.test(mark)) {
    const baud = digits[Number(mark)];
    const chosen = baud === undefined ? '0' : mark;
    // ACK, normal protocol, speed, readout.
    return { reply: Buffer.from(`\x060${chosen}0\r\n`), baud: baud ?? signOnBaud };
  }
  const baud = /^[A-F]$/.test(mark) ? letters[mark.charCodeAt(0) - 0x41] : undefined;
  return { reply: undefined, baud: baud ?? signOnBaud };
}

export interface SignOnDependencies {
  readonly connection: SerialConnection;
  /** `/?!`, or with the meter's address. */
  readonly request: Uint8Array;
  /** The line's speed when no meter is asked. */
  readonly restBaud: number;
  /** The speed could not be changed: the port is of no use any more. */
  readonly failed: (reason: string) => void;
}

/** One readout of a meter by IEC 62056-21: asked at 300 baud, answered, and listened to at the speed that it proposes. */
export class SignOn {
  readonly #deps: SignOnDependencies;
  readonly #ending = new AbortController();
  /** What came so far of a line that may be the identification; undefined: it has come. */
  #line: string | undefined = '';
  /** What is left of our answer's echo, which some optical heads make. */
  #echo: Uint8Array = new Uint8Array();
  #baud: number;

  constructor(deps: SignOnDependencies) {
    this.#deps = deps;
    this.#baud = deps.restBaud;
  }

  async begin(): Promise<void> {
    const { connection, request } = this.#deps;
    await this.#doing(async () => {
      await this.#setBaud(signOnBaud);
      if (!this.#ending.signal.aborted) connection.write(request);
    });
  }

  /** @returns what belongs to the telegram */
  heard(bytes: Uint8Array): Uint8Array {
    const rest = this.#withoutEcho(bytes);
    if (this.#line === undefined) return rest;
    for (const byte of rest) {
      if (byte === 0x0a || byte === 0x0d) {
        const line = this.#line;
        this.#line = '';
        // A head's echo of the request begins alike.
        if (!/^\/[A-Za-z]{3}./.test(line)) continue;
        this.#line = undefined;
        void this.#answer(proposalOf(line));
        break;
      }
      this.#line = byte === 0x2f ? '/' : (this.#line + String.fromCharCode(byte)).slice(-maxIdentification);
    }
    return rest;
  }

  /** Goes back to the line's own speed. */
  async end(): Promise<void> {
    this.#ending.abort();
    await this.#doing(() => this.#setBaud(this.#deps.restBaud));
  }

  async #answer({ reply, baud }: Proposal): Promise<void> {
    await this.#doing(async () => {
      if (reply !== undefined) {
        await delay(reactionMs, undefined, { signal: this.#ending.signal });
        this.#echo = reply;
        this.#deps.connection.write(reply);
        // An adapter may say that it has sent what it only holds: ten bits each at this speed.
        await delay((reply.length * 10 * 1_000) / signOnBaud, undefined, { signal: this.#ending.signal });
      }
      await this.#setBaud(baud);
    });
  }

  async #setBaud(baud: number): Promise<void> {
    if (baud === this.#baud) return;
    this.#baud = baud;
    await this.#deps.connection.setBaud(baud);
  }

  async #doing(what: () => Promise<void>): Promise<void> {
    try {
      await what();
    } catch (error) {
      if (error instanceof Error && error.name === 'AbortError') return;
      this.#deps.failed(`Its speed could not be changed (${error instanceof Error ? error.message : error}).`);
    }
  }

  #withoutEcho(bytes: Uint8Array): Uint8Array {
    let count = 0;
    while (count < bytes.length && count < this.#echo.length && bytes[count] === this.#echo[count]) count++;
    if (bytes.length === 0 || this.#echo.length === 0) return bytes;
    // As soon as one byte is another, it is no echo.
    this.#echo = count === 0 || count < bytes.length ? new Uint8Array() : this.#echo.subarray(count);
    return bytes.subarray(count);
  }
}
