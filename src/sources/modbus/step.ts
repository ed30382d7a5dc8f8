import type { MonotonicMs } from '../../core/time.ts';

export interface BusTimes {
  /** How long an answer may take, in ms, beside its own time on the line. */
  readonly timeoutMs: number;
  /** How often a request is made again at once, when nothing or something damaged came. */
  readonly retries: number;
  /** The line numbers requests and answers, as TCP does; on a serial one an answer may belong to any request. */
  readonly isNumbered: boolean;
  /** Time on the line of a request and its answer, in ms. */
  readonly airMs: (pdu: Uint8Array) => number;
}

/** A request on its way. */
export interface Question {
  readonly unit: number;
  readonly pdu: Uint8Array;
  /** Its number on a line that numbers requests: 0 to 65,535, none twice within a long time. */
  readonly id: number;
}

/** Something to write that waits for its turn. @typeParam W what its writer knows it by */
export interface PendingWrite<W> {
  readonly unit: number;
  readonly pdu: Uint8Array;
  /** It is not sent any more after that. */
  readonly until: MonotonicMs;
  readonly by: W;
}

/** What became of something. */
export type BusEvent<W> =
  /** Registers were read. */
  | { readonly kind: 'read'; readonly unit: number; readonly request: Uint8Array; readonly answer: Uint8Array }
  /** It was answered. @property answer perhaps why not */
  | { readonly kind: 'written'; readonly write: PendingWrite<W>; readonly answer: Uint8Array }
  /** @property why `expired`: it was not sent. Else nothing is known of it: it may have been done. */
  | { readonly kind: 'not-written'; readonly write: PendingWrite<W>; readonly why: 'silent' | 'damaged' | 'expired' };

/** What is to be done now. */
export type BusStep<W> =
  | { readonly name: 'ask'; readonly question: Question }
  /** The answer has not come in time: what is left of it belongs to nothing. */
  | { readonly name: 'give-up' }
  | { readonly name: 'tell'; readonly event: BusEvent<W> }
  /** Nothing, until then; undefined: for ever. */
  | { readonly name: 'wait'; readonly until: MonotonicMs | undefined };
