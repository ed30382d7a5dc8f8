import type { CommandAnswer } from '../core/command.ts';
import type { UnixMs } from '../core/time.ts';

/** Where a command stands. Times are operating time: what the gateway has run, summed over all its runs, in ms. */
export type CommandState =
  /** Durable here. Nobody has been given it. */
  | { readonly name: 'queued' }
  /** Noted before it is handed over, so that it is never handed over twice; no answer has come. */
  | { readonly name: 'sent'; readonly atMs: number }
  /** The device has done it. */
  | { readonly name: 'acknowledged'; readonly result?: Uint8Array }
  /** The device said no, or it can't be handed over. */
  | { readonly name: 'failed'; readonly reason: string; readonly result?: Uint8Array }
  /** Its time was over before it was handed over. */
  | { readonly name: 'expired' }
  /** It was handed over, and no answer came in time: nobody knows whether it was done. */
  | { readonly name: 'unknown' };

export type CommandInput =
  /** It is about to be handed over. */
  | { readonly name: 'hand-over' }
  /** It is known for certain that nobody was given it after all. */
  | { readonly name: 'not-handed-over' }
  | { readonly name: 'answered'; readonly answer: CommandAnswer }
  /** It was given to the device, and no answer came in time, or none ever will. */
  | { readonly name: 'unanswered' }
  /** It can't be handed over, and never will be. */
  | { readonly name: 'refused'; readonly reason: string }
  /** This is a copy of the data that the gateway went on with: what it did meanwhile is not known here. */
  | { readonly name: 'copied' }
  | { readonly name: 'time' };

/** Until when a command is good, and for how long its answer is waited for. */
export interface CommandTerms {
  /** By the wall clock. Absent: no limit. */
  readonly expiresAt?: UnixMs;
  /** In operating time: when it came, and what it was good for then. Absent: no limit. */
  readonly expiresAtOperatingMs?: number;
  readonly answerTimeoutMs: number;
}

export interface Now {
  readonly operatingMs: number;
  /** The wall clock; undefined when nobody has set it. */
  readonly wallMs: UnixMs | undefined;
}

/**
 * What an input makes of a command. The same object comes back when it changes nothing.
 *
 * A command that is over stays as it is, but for `unknown`: an answer that comes late still says what became of it.
 */
export function step(state: CommandState, input: CommandInput, terms: CommandTerms, now: Now): CommandState {
  switch (state.name) {
    case 'queued':
      if (input.name === 'copied') return { name: 'unknown' };
      if (timeLeft(terms, now) <= 0) return { name: 'expired' };
      if (input.name === 'hand-over') return { name: 'sent', atMs: now.operatingMs };
      return input.name === 'refused' ? { name: 'failed', reason: input.reason } : state;
    case 'sent':
      if (input.name === 'copied') return { name: 'unknown' };
      if (input.name === 'answered') return answered(input.answer);
      if (input.name === 'unanswered') return { name: 'unknown' };
      if (input.name === 'refused') return { name: 'failed', reason: input.reason };
      if (input.name === 'not-handed-over') return timeLeft(terms, now) <= 0 ? { name: 'expired' } : { name: 'queued' };
      return now.operatingMs >= state.atMs + terms.answerTimeoutMs ? { name: 'unknown' } : state;
    case 'unknown':
      return input.name === 'answered' ? answered(input.answer) : state;
    case 'acknowledged':
    case 'failed':
    case 'expired':
      return state;
  }
}

/** Nothing more is done for it; `unknown` may still be cleared up. */
export function isSettled(state: CommandState): boolean {
  return state.name !== 'queued' && state.name !== 'sent';
}

/**
 * For how long a command is still good, in ms; not above 0: it is over.
 *
 * By either clock: operating time since it came can only be too short, as the gateway may have been off meanwhile; the
 * wall clock tells of that, once it has been set.
 */
export function timeLeft({ expiresAt, expiresAtOperatingMs }: CommandTerms, { operatingMs, wallMs }: Now): number {
  const byRunning = (expiresAtOperatingMs ?? Number.POSITIVE_INFINITY) - operatingMs;
  const byClock = wallMs === undefined ? byRunning : (expiresAt ?? Number.POSITIVE_INFINITY) - wallMs;
  return Math.min(byRunning, byClock);
}

function answered(answer: CommandAnswer): CommandState {
  const result = answer.result === undefined ? {} : { result: answer.result };
  if (answer.outcome === 'ok') return { name: 'acknowledged', ...result };
  return { name: 'failed', reason: answer.reason, ...result };
}
