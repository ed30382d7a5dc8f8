import type { LogLevels } from './log-levels.ts';
import type { LogTail } from './log-tail.ts';

/** What a part needs of a log: pino's own call shape, so that a pino logger is one. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A log that can name the part that speaks. */
export interface RootLog extends Log {
  /** Its newest lines, where somebody keeps them. */
  readonly tail?: LogTail;
  /** What is written of it, where that can be changed. (Pino has a `levels` of its own.) */
  readonly verbosity?: LogLevels;
  child(fields: { part: string }): Log;
}

/** For tests and tools that want no log. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
