import type { Clock } from '../core/time.ts';
import type { Attempt } from './attempt.ts';
import type { DialPlan } from './dial-plan.ts';

export interface LookBackDependencies {
  readonly clock: Clock;
  readonly random: () => number;
  /** Makes an attempt, and does not start it. */
  readonly attempt: (collector: number) => Attempt;
  readonly plan: () => DialPlan;
}

type Look =
  /** The best collector is in use, or none is. */
  | { readonly name: 'off' }
  /** After a while the better ones are looked at. */
  | { readonly name: 'waiting'; readonly timer: NodeJS.Timeout }
  /** One is being looked at, and then the others. */
  | { readonly name: 'looking'; readonly attempt: Attempt; readonly others: readonly number[] };

/**
 * While a collector is used that is not the preferred one: looks from time to time whether a better one is back, on a
 * second connection on which no records travel.
 */
export class LookBack {
  readonly #deps: LookBackDependencies;
  #look: Look = { name: 'off' };
  #from = 0;

  constructor(deps: LookBackDependencies) {
    this.#deps = deps;
  }

  /** This collector is in use. */
  start(from: number): void {
    this.#from = from;
    this.#wait();
  }

  /** It is not any more. @returns the attempt at a better one that has answered, which is the caller's from now on */
  stop(): Attempt | undefined {
    const look = this.#look;
    this.#look = { name: 'off' };
    if (look.name === 'waiting') clearTimeout(look.timer);
    if (look.name !== 'looking') return undefined;
    if (look.attempt.isStanding) return look.attempt;
    look.attempt.close();
    return undefined;
  }

  /** @returns whether the attempt that ended was one of this look back; then the next collector is looked at */
  ended(attempt: Attempt): boolean {
    const look = this.#look;
    if (look.name !== 'looking' || look.attempt !== attempt) return false;
    this.#lookAt(look.others);
    return true;
  }

  #wait(): void {
    const { plan, clock, random } = this.#deps;
    const now = clock.monotonic();
    const at = plan().returnAt(this.#from, now, random);
    if (at === undefined) this.#look = { name: 'off' };
    else {
      const timer = setTimeout(() => this.#lookAt(plan().better(this.#from, clock.monotonic())), at - now);
      this.#look = { name: 'waiting', timer };
    }
  }

  #lookAt([first, ...others]: readonly number[]): void {
    if (first === undefined) {
      this.#wait();
      return;
    }
    const attempt = this.#deps.attempt(first);
    this.#look = { name: 'looking', attempt, others };
    attempt.start('probe');
  }
}
