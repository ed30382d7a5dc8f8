import type { MonotonicMs } from '../core/time.ts';

/** Why an alarm is over. */
export type ClearReason =
  /** What it is about is as it should be again. */
  | 'returned'
  /** Its rule was changed so that it is about something else. */
  | 'rule-changed'
  /** Its rule was switched off, or there is no such rule any more. */
  | 'rule-gone'
  /** Its device was forgotten. */
  | 'device-gone';

/** Where an alarm stands. Times are operating time, so that no jump of a clock moves anything. */
export type AlarmState =
  /** Nothing is wrong. Nothing is kept of it either. */
  | { readonly name: 'ok' }
  /** Something is wrong, not for long enough yet. Nobody is told. */
  | { readonly name: 'pending'; readonly sinceMs: MonotonicMs }
  /** It was raised, and nobody has said that they know. */
  | { readonly name: 'active'; readonly normalSinceMs?: MonotonicMs }
  /** Somebody has said that they know; what is wrong still is. */
  | { readonly name: 'acknowledged'; readonly normalSinceMs?: MonotonicMs }
  /** It is over. What comes next is another alarm. */
  | { readonly name: 'cleared'; readonly because: ClearReason };

export type AlarmStateName = AlarmState['name'];

/** What an alarm is told. */
export type AlarmInput =
  /** It is as the rule warns of. */
  | { readonly name: 'violating' }
  /** It is not, but has not come far enough back: within the hysteresis. */
  | { readonly name: 'between' }
  /** It is as it should be. */
  | { readonly name: 'normal' }
  /** Time has gone by. */
  | { readonly name: 'time' }
  | { readonly name: 'acknowledge' }
  /** What it was about is gone. */
  | { readonly name: 'withdraw'; readonly because: Exclude<ClearReason, 'returned'> };

/** How an alarm's rule wants time to count. In milliseconds. */
export interface AlarmTerms {
  /** How long something has to be wrong before it is raised; 0: at once. */
  readonly forMs: number;
  /** How long it has to be well again before it is over; 0: at once. */
  readonly holdMs: number;
}

export const ok: AlarmState = { name: 'ok' };
const active: AlarmState = { name: 'active' };
const acknowledged: AlarmState = { name: 'acknowledged' };
const returned: AlarmState = { name: 'cleared', because: 'returned' };

/** What becomes of an alarm. @returns the same object when nothing does */
export function evaluate(
  state: AlarmState,
  input: AlarmInput,
  { forMs, holdMs }: AlarmTerms,
  now: MonotonicMs,
): AlarmState {
  switch (state.name) {
    case 'ok':
      if (input.name !== 'violating') return state;
      return forMs <= 0 ? active : { name: 'pending', sinceMs: now };
    case 'pending':
      switch (input.name) {
        case 'violating':
        case 'time':
          // The last value holds until the next one: who speaks once an hour is not well in between.
          return now - state.sinceMs >= forMs ? active : state;
        case 'between':
        case 'normal':
        case 'withdraw':
          return ok;
        case 'acknowledge':
          return state;
      }
      break;
    case 'active':
    case 'acknowledged':
      return raised(state, input, holdMs, now);
    case 'cleared':
      return state;
  }
}

function raised(
  state: Extract<AlarmState, { name: 'active' | 'acknowledged' }>,
  input: AlarmInput,
  holdMs: number,
  now: MonotonicMs,
): AlarmState {
  const { normalSinceMs } = state;
  switch (input.name) {
    case 'violating':
      if (normalSinceMs === undefined) return state;
      return state.name === 'active' ? active : acknowledged;
    case 'between':
      return state;
    case 'normal':
      if (holdMs <= 0) return returned;
      if (normalSinceMs === undefined) return { name: state.name, normalSinceMs: now };
      return now - normalSinceMs >= holdMs ? returned : state;
    case 'time':
      return normalSinceMs !== undefined && now - normalSinceMs >= holdMs ? returned : state;
    case 'acknowledge':
      if (state.name === 'acknowledged') return state;
      return normalSinceMs === undefined ? acknowledged : { name: 'acknowledged', normalSinceMs };
    case 'withdraw':
      return { name: 'cleared', because: input.because };
  }
}

/** Whether it was raised and is not over. */
export function isRaised({ name }: AlarmState): boolean {
  return name === 'active' || name === 'acknowledged';
}

/** Whether time alone may change it. */
export function isTimed(state: AlarmState): boolean {
  return (
    state.name === 'pending' || (state.name !== 'ok' && state.name !== 'cleared' && state.normalSinceMs !== undefined)
  );
}
