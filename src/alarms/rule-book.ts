import { randomBytes } from 'node:crypto';
import { HeadgateError } from '../core/errors.ts';
import type { Shelf } from '../core/shelf.ts';
import type { UnixMs } from '../core/time.ts';
import { globMatches } from '../lib/glob.ts';
import { type AlarmRule, type RuleTerms, ruleJson, ruleOfJson } from './rule.ts';

/** Where on the shelf they lie, by id. The name means the same for ever. */
const space = 'alarms.rules';
const maxRules = 1_000;

/** The rules with thresholds that people have made, in memory and on the shelf. */
export class AlarmRules {
  readonly #shelf: Shelf;
  readonly #byId = new Map<string, AlarmRule>();

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
  }

  /** @returns how many could not be read. @throws {HeadgateError} buffer.failed */
  async load(): Promise<number> {
    let unreadable = 0;
    for (const [, bytes] of await this.#shelf.entries(space)) {
      const rule = ruleOfJson(Buffer.from(bytes).toString());
      if (rule === undefined) unreadable++;
      else this.#byId.set(rule.id, rule);
    }
    return unreadable;
  }

  /** In the order in which they were made. */
  all(): AlarmRule[] {
    return [...this.#byId.values()].sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  }

  /** Those that are switched on and are about a device, whatever its profile. */
  of(deviceId: string): AlarmRule[] {
    const found: AlarmRule[] = [];
    for (const rule of this.#byId.values()) if (rule.enabled && globMatches(rule.device, deviceId)) found.push(rule);
    return found;
  }

  get(id: string): AlarmRule | undefined {
    return this.#byId.get(id);
  }

  get size(): number {
    return this.#byId.size;
  }

  /** @throws {HeadgateError} request.conflict when there are too many */
  add(terms: RuleTerms, by: string, now: UnixMs): AlarmRule {
    if (this.#byId.size >= maxRules)
      throw new HeadgateError('request.conflict', `There are ${maxRules} rules for alarms already; delete one first.`);
    const id = randomBytes(6).toString('hex');
    return this.#put({ id, ...terms, createdAt: now, changedAt: now, changedBy: by });
  }

  /** @throws {HeadgateError} request.unknown */
  replace(id: string, terms: RuleTerms, by: string, now: UnixMs): AlarmRule {
    const { createdAt } = this.#known(id);
    return this.#put({ id, ...terms, createdAt, changedAt: now, changedBy: by });
  }

  /** @throws {HeadgateError} request.unknown */
  remove(id: string): void {
    this.#known(id);
    this.#byId.delete(id);
    this.#shelf.delete(space, id);
  }

  #known(id: string): AlarmRule {
    const rule = this.#byId.get(id);
    if (rule !== undefined) return rule;
    throw new HeadgateError('request.unknown', 'There is no rule for alarms of this id.');
  }

  #put(rule: AlarmRule): AlarmRule {
    this.#byId.set(rule.id, rule);
    this.#shelf.put(space, rule.id, Buffer.from(JSON.stringify(ruleJson(rule))));
    return rule;
  }
}
