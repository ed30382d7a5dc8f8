/** What a level is set on: a logger of pino's. */
interface Levelled {
  level: string;
}

/** What is written of the log now. */
export interface LogLevelView {
  /** The least severe line that is written. */
  readonly level: string;
  /** What it is by the configuration. */
  readonly usual: string;
  /** Until when it is another one, RFC 3339; null: it is the usual one. */
  readonly until: string | null;
}

/** The level of a log and of all that it has handed out, which may be another one for a while. */
export class LogLevels {
  readonly #loggers: Levelled[] = [];
  readonly #now: () => number;
  #usual = 'info';
  #raised: { readonly level: string; readonly untilMs: number; readonly timer: NodeJS.Timeout } | undefined;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** A logger, or a child of one. Each part has one for as long as the process lives. */
  readonly add = (logger: Levelled): void => {
    this.#loggers.push(logger);
    logger.level = this.#level;
  };

  /** What the configuration says. */
  setUsual(level: string): void {
    this.#usual = level;
    this.#apply();
  }

  /** Another level for a while. @param forMs up to some days */
  raise(level: string, forMs: number): void {
    this.lower();
    const timer = setTimeout(() => this.lower(), forMs).unref();
    this.#raised = { level, untilMs: this.#now() + forMs, timer };
    this.#apply();
  }

  /** Back to what it is by the configuration. */
  lower(): void {
    clearTimeout(this.#raised?.timer);
    this.#raised = undefined;
    this.#apply();
  }

  view(): LogLevelView {
    const until = this.#raised === undefined ? null : new Date(this.#raised.untilMs).toISOString();
    return { level: this.#level, usual: this.#usual, until };
  }

  get #level(): string {
    return this.#raised?.level ?? this.#usual;
  }

  #apply(): void {
    for (const logger of this.#loggers) logger.level = this.#level;
  }
}
