import { spawn } from 'node:child_process';

/**
 * Tells how the service is, in a sentence, once all that has to work has answered. One that never answers is what the watchdog
 * is for; one that rejects has answered: it was told what is wrong, and to start anew would help nothing.
 */
export type Pulse = () => Promise<string>;

export interface SdNotifyDependencies {
  /** What systemd has set: `NOTIFY_SOCKET`, and with a watchdog `WATCHDOG_USEC` and `WATCHDOG_PID`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Told once, in a sentence, when nothing can be told to systemd. */
  readonly onTrouble: (message: string) => void;
  readonly pid?: number;
}

/** A start may take so much longer than the unit allows, as long as this is said again and again. */
const patienceMs = 120_000;
const patienceEveryMs = 30_000;
/** How often the state is told where there is no watchdog. */
const usualBeatMs = 30_000;
/** systemd-notify waits 5 s for its message to be taken. */
const tellMs = 10_000;
const maxStatus = 400;

/**
 * What a service says to systemd: that it is ready, how it is, and that it is alive (sd_notify(3)). Node can't write to a datagram
 * socket of the file system, so it is said by `systemd-notify`, which is wherever systemd is: a process of some milliseconds for
 * each message, and the unit needs `NotifyAccess=all`. Nobody feeds the watchdog but the event loop, by asking for a pulse.
 */
export class SdNotify {
  readonly #deps: SdNotifyDependencies;
  #timer: NodeJS.Timeout | undefined;
  /** The pulse that is waited for; a later one than that which is asked now when the service was started anew. */
  #asked: Pulse | undefined;
  /** Messages go one after the other, or an old state might come last. */
  #told: Promise<void> = Promise.resolve();
  #isInTrouble = false;

  constructor(deps: SdNotifyDependencies) {
    this.#deps = deps;
  }

  /** Asks for patience until it is ready. */
  starting(): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => void this.#tell([`EXTEND_TIMEOUT_USEC=${patienceMs * 1000}`]), patienceEveryMs);
    this.#timer.unref();
  }

  /** It does what it is there for, from now on as long as there is a pulse. May be said again, with another pulse. */
  ready(pulse: Pulse): void {
    clearInterval(this.#timer);
    this.#asked = undefined;
    void this.#tell(['READY=1']);
    const everyMs = this.#watchdogMs === undefined ? usualBeatMs : this.#watchdogMs / 3;
    void this.#beat(pulse);
    this.#timer = setInterval(() => void this.#beat(pulse), everyMs);
    this.#timer.unref();
  }

  /** It ends of its own accord, or because it was told to. Resolves when that was said. */
  stopping(): Promise<void> {
    clearInterval(this.#timer);
    return this.#tell(['STOPPING=1', 'STATUS=Stopping.']);
  }

  /** Undefined: nobody watches this process. */
  get #watchdogMs(): number | undefined {
    const { environment, pid = process.pid } = this.#deps;
    const { WATCHDOG_USEC, WATCHDOG_PID } = environment;
    if (WATCHDOG_PID !== undefined && Number(WATCHDOG_PID) !== pid) return undefined;
    const ms = Number(WATCHDOG_USEC) / 1000;
    return ms > 0 ? ms : undefined;
  }

  async #beat(pulse: Pulse): Promise<void> {
    // No answer to the last question: whoever is stuck is not asked again, and not fed.
    if (this.#asked !== undefined) return;
    this.#asked = pulse;
    // Where there is nothing to say about the state, it has answered all the same.
    const status = await pulse().catch((error: unknown) => String((error as Error).message));
    if (this.#asked !== pulse) return;
    this.#asked = undefined;
    const line = status.replaceAll(/\s+/g, ' ').slice(0, maxStatus);
    await this.#tell([...(this.#watchdogMs === undefined ? [] : ['WATCHDOG=1']), `STATUS=${line}`]);
  }

  #tell(lines: readonly string[]): Promise<void> {
    this.#told = this.#told.then(() => this.#send(lines));
    return this.#told;
  }

  #send(lines: readonly string[]): Promise<void> {
    const { PATH, NOTIFY_SOCKET } = this.#deps.environment;
    return new Promise((resolve) => {
      const fail = (reason: string): void => {
        if (!this.#isInTrouble) this.#deps.onTrouble(`systemd can't be told how the service is: ${reason}.`);
        this.#isInTrouble = true;
        resolve();
      };
      const child = spawn('systemd-notify', [...lines], {
        env: { PATH, NOTIFY_SOCKET },
        stdio: ['ignore', 'ignore', 'pipe'],
        timeout: tellMs,
      });
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-200)));
      child.on('error', (error) => fail(error.message));
      child.on('close', (code) => (code === 0 ? resolve() : fail(said.trim() || `systemd-notify ended with ${code}`)));
    });
  }
}
