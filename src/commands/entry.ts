import type { Command, CommandReport } from '../core/command.ts';
import type { UnixMs } from '../core/time.ts';
import { type CommandState, type CommandTerms, isSettled } from './command-state.ts';

/** A command that is known here: one that is under way, or one that is over and must do nothing if it comes again. */
export interface Entry {
  /** Its payload is empty once it is over. */
  command: Command;
  /** The order in which they came. */
  readonly number: number;
  /** When it came, in operating time. */
  readonly receivedMs: number;
  state: CommandState;
  /** Counts the changes of its state, from 1. */
  revision: number;
  /** When its state changed last: in operating time, and by the wall clock if that had been set. */
  changedMs: number;
  at: UnixMs | undefined;
  /** The revision that the collector has; 0: none. */
  confirmed: number;
  /** What the disk has of it: only that is told. Undefined while it is on its way there for the first time. */
  saved: CommandReport | undefined;
  /** When that was last told, in operating time; undefined: not on this connection. */
  reportedMs: number | undefined;
}

export function reportOf({ command, revision, state, at }: Entry): CommandReport {
  return {
    id: command.id,
    deviceId: command.deviceId,
    revision,
    state: state.name,
    ...(state.name === 'failed' && { reason: state.reason }),
    ...('result' in state && state.result !== undefined && { result: state.result }),
    ...(at !== undefined && { at }),
  };
}

/** Larger results of commands that were given here are the collector's to keep, as those of its own are. */
const maxKeptResult = 4 * 1024;

/** The collector has all of it: no need to keep a result here that nobody here asks for. */
export function reported(entry: Entry): void {
  if (!('result' in entry.state)) return;
  const { result, ...state } = entry.state;
  if (entry.command.by !== undefined && (result?.length ?? 0) <= maxKeptResult) return;
  entry.state = state;
  entry.saved = reportOf(entry);
}

export function termsOf({ command, receivedMs }: Entry, answerTimeoutMs: number): CommandTerms {
  return {
    ...(command.expiresAt !== undefined && { expiresAt: command.expiresAt }),
    ...(command.expiresInMs !== undefined && { expiresAtOperatingMs: receivedMs + command.expiresInMs }),
    // What becomes of a change of the gateway itself is not a device's to say.
    answerTimeoutMs: command.deviceId === '' ? Number.POSITIVE_INFINITY : answerTimeoutMs,
  };
}

/** An entry as it lies on the shelf. */
export function encodeEntry(entry: Entry): Uint8Array {
  const { command, number, receivedMs, state, revision, changedMs, at, confirmed } = entry;
  const payload = isSettled(state) ? '' : base64(command.payload);
  const result = 'result' in state && state.result !== undefined ? { result: base64(state.result) } : {};
  return Buffer.from(
    JSON.stringify({
      command: { ...command, payload },
      number,
      receivedMs,
      state: { ...state, ...result },
      revision,
      changedMs,
      at,
      confirmed,
    }),
  );
}

/** @returns undefined for what is no entry */
export function decodeEntry(bytes: Uint8Array): Entry | undefined {
  try {
    const { command, state, at, ...rest } = JSON.parse(Buffer.from(bytes).toString());
    const entry: Entry = {
      ...rest,
      command: { ...command, payload: Buffer.from(command.payload, 'base64') },
      state: state.result === undefined ? state : { ...state, result: Buffer.from(state.result, 'base64') },
      at,
      reportedMs: undefined,
    };
    if (typeof entry.revision !== 'number' || typeof state.name !== 'string') return undefined;
    entry.saved = reportOf(entry);
    return entry;
  } catch {
    // Written by something else.
    return undefined;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
