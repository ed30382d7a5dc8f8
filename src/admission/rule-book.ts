import { isDeepStrictEqual } from 'node:util';
import type { Decoded } from '../core/decoded.ts';
import type { Handling } from '../core/handling.ts';
import type { Message } from '../core/message.ts';
import type { MonotonicMs } from '../core/time.ts';
import { type DecideState, decide, forgetKept, newDecideState } from './decide.ts';
import { describeRules, type RuleDescription } from './describe.ts';
import { type Explanation, explain } from './explain.ts';
import { type Explained, explainMessage } from './explain-message.ts';
import type { RuleOptions } from './options.ts';
import { compileRules, type Decision, type Rules } from './rules.ts';

/** The QoS rules that hold now. They can be replaced while messages flow; what was decided before is not touched. */
export class RuleBook {
  #options: readonly RuleOptions[];
  #rules: Rules;
  #state: DecideState = newDecideState();

  /** @param options the rules of a loaded configuration: free of contradictions */
  constructor(options: readonly RuleOptions[]) {
    this.#options = options;
    this.#rules = compileRules(options);
  }

  /** Whether any rule asks for the time: what needs no clock is not to pay for one with each message. */
  get needsTime(): boolean {
    return this.#rules.needsTime;
  }

  /** {@link decide} by the rules that hold now. */
  decide(message: Message, decoded: Decoded, nowMs: MonotonicMs, index = 0): Decision {
    return decide(this.#rules, this.#state, message, decoded, nowMs, index);
  }

  /**
   * To be told when a record that was to be kept could not be stored, and its source got no acknowledgement: otherwise
   * `thin` would leave it out when it is sent again, as a repetition of itself. Costs nothing for rules that don't thin.
   *
   * @param rule the name in the decision's handling
   * @param series as `seriesOf` has it
   */
  forget(rule: string, topic: string, series: string): void {
    forgetKept(this.#rules, this.#state, rule, topic, series);
  }

  /**
   * Puts other rules in force, from the next message on. Handlings that stay what they were stay the same objects; what
   * `thin` remembers is forgotten, so each series' next record is kept. Returns whether anything is different.
   */
  replace(options: readonly RuleOptions[]): boolean {
    if (isDeepStrictEqual(options, this.#options)) return false;
    this.#options = options;
    this.#rules = compileRules(options, this.#rules);
    this.#state = newDecideState();
    return true;
  }

  /** How the rules that hold want records handled, each variant once. */
  get handlings(): Handling[] {
    const all = this.#rules.all.flatMap(({ qos0, others }) => [qos0.taken.handling, others.taken.handling]);
    return [...new Set(all)];
  }

  /** Every rule that holds, in order, with all that it means; the built-in ones are the last. */
  describe(): RuleDescription[] {
    return describeRules(this.#rules);
  }

  /** Which rule holds for a message, or one of its measurements, and why. Changes nothing. */
  explain(message: Message, decoded: Decoded, index = 0): Explanation {
    return explain(this.#rules, message, decoded, index);
  }
  /** {@link explainMessage} by the rules that hold now. */
  explainMessage(message: Message, decoded: Decoded): Explained {
    return explainMessage(this.#rules, message, decoded);
  }
}
