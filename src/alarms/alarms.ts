import { messageOf } from '../core/errors.ts';
import type { Fact } from '../core/live.ts';
import type { Measurement } from '../core/measurement.ts';
import type { DeliveryKey, RecentDelivery } from '../core/message.ts';
import type { Shelf } from '../core/shelf.ts';
import type { Onlooker, Taken } from '../core/taken.ts';
import type { MonotonicMs, TrustedClock } from '../core/time.ts';
import type { Log } from '../lib/log.ts';
import { readSecret } from '../lib/secret-file.ts';
import type { Service } from '../lib/service.ts';
import { type Alarm, type AlarmView, alarmView } from './alarm.ts';
import { AlarmBook } from './book.ts';
import { type BuiltInDependencies, BuiltIns, type BuiltInView } from './built-in/built-ins.ts';
import type { Vitals } from './built-in/findings.ts';
import type { MachinePlaces } from './built-in/machine.ts';
import { AlarmDesk } from './desk.ts';
import type { Change } from './event.ts';
import type { AlarmsOptions } from './options.ts';
import { Outbox } from './outbox.ts';
import { type AlarmRule, type RuleTerms, ruleJson, ruleTermsOf } from './rule.ts';
import { AlarmRules } from './rule-book.ts';
import type { AlarmsStatus } from './status.ts';
import { Thresholds } from './thresholds.ts';
import { Webhook } from './webhook.ts';

export interface AlarmsDependencies {
  readonly options: AlarmsOptions;
  readonly shelf: Shelf;
  readonly clock: TrustedClock;
  /** Time that the gateway has run, summed over all its runs, in ms. */
  readonly operatingMs: () => MonotonicMs;
  readonly live: (fact: Fact) => void;
  /** Takes a record in as the gateway's own, with priority `critical`; resolves when it is durable. */
  readonly report: (measurement: Measurement, delivery: DeliveryKey) => Promise<unknown>;
  readonly recentDeliveries: () => readonly RecentDelivery[];
  readonly places: MachinePlaces;
  readonly vitals: () => Vitals;
  readonly devices: BuiltInDependencies['devices'];
  /** The gateway's name. */
  readonly gateway: () => string;
  readonly log: Log;
}

export type RuleView = ReturnType<typeof ruleJson>;

const tickMs = 1_000;
/** What is watched over without a rule changes slowly, and looking costs. */
const lookMs = 10_000;
/** So many critical alarms are named in the status. */
const maxNamed = 3;

/**
 * Alarms: when something is wrong, who knows, when it was over. It looks on and has no part in the flow; what happens to an alarm is told
 * live, and goes to the collector as a record.
 */
export class Alarms implements Service, Onlooker {
  readonly name = 'alarms';
  readonly wantsPayloads = false;
  readonly ruleTermsOf = ruleTermsOf;
  readonly #deps: AlarmsDependencies;
  readonly #rules: AlarmRules;
  readonly #book: AlarmBook;
  readonly #desk: AlarmDesk;
  readonly #thresholds: Thresholds;
  readonly #outbox: Outbox;
  readonly #builtIns: BuiltIns;
  readonly #webhook: Webhook | undefined;
  #raised = 0;
  #cleared = 0;
  #timer: NodeJS.Timeout | undefined;
  #lookTimer: NodeJS.Timeout | undefined;

  constructor(deps: AlarmsDependencies) {
    const { options, shelf, clock, operatingMs } = deps;
    this.#deps = deps;
    this.#rules = new AlarmRules(shelf);
    this.#book = new AlarmBook(shelf, options);
    const hook = webhookOf(deps);
    this.#webhook = hook;
    this.#outbox = new Outbox({ ...deps, webhook: hook && ((event, over) => hook.call(event, over)) });
    this.#desk = new AlarmDesk({
      ...{ book: this.#book, operatingMs, now: clock.now, quality: () => clock.quality() },
      tell: (change, alarm, atMs) => {
        if (change === 'raised') this.#raised++;
        else if (change === 'cleared') this.#cleared++;
        this.#outbox.add(change, alarm, atMs);
        this.#note(change, alarm);
      },
    });
    this.#builtIns = new BuiltIns({
      ...{ options: options.builtIn, places: deps.places, vitals: deps.vitals, devices: deps.devices, now: clock.now },
      ...{ book: this.#book, desk: this.#desk },
    });
    this.#thresholds = new Thresholds({ rules: this.#rules, book: this.#book, desk: this.#desk, operatingMs });
  }

  /** Takes up what the last run left. @throws {HeadgateError} buffer.failed */
  async start(): Promise<void> {
    const { log, operatingMs } = this.#deps;
    const unreadable = (await this.#rules.load()) + (await this.#book.load(operatingMs()));
    if (unreadable > 0)
      log.warn({ entries: unreadable }, 'Some alarms or their rules could not be read: they are lost.');
    await this.#outbox.start();
    this.#thresholds.rulesChanged();
    this.#builtIns.start();
    this.#timer = setInterval(() => this.tick(), tickMs).unref();
    const failed = (error: unknown): void =>
      log.warn({ reason: messageOf(error) }, 'What to raise alarms for could not be looked at.');
    this.#lookTimer = setInterval(() => void this.look().catch(failed), lookMs).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    clearInterval(this.#lookTimer);
    this.#webhook?.stop();
    this.#book.keepPending();
    await this.#outbox.stop();
    await this.#deps.shelf.saved().catch((error) => {
      this.#deps.log.warn({ reason: messageOf(error) }, 'The last changes of alarms are not on disk.');
    });
  }

  taken(taken: Taken): void {
    this.#thresholds.taken(taken);
  }

  /** Looks at the time; called once a second. */
  tick(): void {
    this.#desk.tick();
  }

  /** Looks at the machine, the parts and the devices; called every ten seconds. */
  look(): Promise<void> {
    return this.#builtIns.look();
  }

  /** What is watched over without a rule. */
  builtIn(): BuiltInView[] {
    return this.#builtIns.views();
  }

  /** All that are known, the newest first: those that are not over, then the others. */
  all(): AlarmView[] {
    const found = [...this.#book.open(), ...this.#book.over()];
    return found.sort((a, b) => b.number - a.number).map(alarmView);
  }

  find(id: string): AlarmView | undefined {
    const alarm = this.#book.get(id);
    return alarm && alarmView(alarm);
  }

  /**
   * Somebody knows of an alarm. Resolves when that is durable.
   *
   * @throws {HeadgateError} request.unknown, request.conflict; buffer.failed when the disk refuses it: it holds until a restart
   */
  async acknowledge(id: string, by: string, note: string): Promise<AlarmView> {
    const alarm = this.#desk.acknowledge(id, by, note);
    await this.#deps.shelf.saved();
    return alarmView(alarm);
  }

  rules(): RuleView[] {
    return this.#rules.all().map(ruleJson);
  }

  rule(id: string): RuleView | undefined {
    const rule = this.#rules.get(id);
    return rule && ruleJson(rule);
  }

  /** Resolves when it is durable. @throws {HeadgateError} request.conflict, buffer.failed: then there is no such rule */
  async addRule(terms: RuleTerms, by: string): Promise<RuleView> {
    const rule = this.#rules.add(terms, by, this.#deps.clock.now());
    try {
      return await this.#changed(rule);
    } catch (error) {
      // Whoever is told that it failed makes it again. Somebody may have deleted it meanwhile.
      if (this.#rules.get(rule.id) !== undefined) this.#rules.remove(rule.id);
      this.#thresholds.rulesChanged();
      throw error;
    }
  }

  /** Resolves when it is durable. @throws {HeadgateError} request.unknown, buffer.failed */
  async replaceRule(id: string, terms: RuleTerms, by: string): Promise<RuleView> {
    return this.#changed(this.#rules.replace(id, terms, by, this.#deps.clock.now()));
  }

  /** Its alarms are over. Resolves when that is durable. @throws {HeadgateError} request.unknown, buffer.failed */
  async removeRule(id: string): Promise<void> {
    this.#rules.remove(id);
    this.#thresholds.rulesChanged();
    await this.#deps.shelf.saved();
  }

  status(): AlarmsStatus {
    const { pending, active, acknowledged } = this.#book.counts();
    return {
      ...{ active, acknowledged, pending },
      critical: this.#book.namesOf('critical', maxNamed),
      rules: this.#rules.size,
      ...{ raised: this.#raised, cleared: this.#cleared, left: this.#book.left },
      values: this.#thresholds.status(),
      told: this.#outbox.status(),
      webhook: this.#webhook?.status() ?? null,
    };
  }

  #note(change: Change, { id, subject, text }: Alarm): void {
    const { severity, name, deviceId: device } = subject;
    const said = { alarm: id, severity, name, ...(device !== undefined && { device }) };
    if (change === 'raised') this.#deps.log.warn({ ...said, text }, 'An alarm is raised.');
    else this.#deps.log.info(said, change === 'cleared' ? 'An alarm is over.' : 'An alarm is acknowledged.');
  }

  async #changed(rule: AlarmRule): Promise<RuleView> {
    this.#thresholds.rulesChanged();
    await this.#deps.shelf.saved();
    return ruleJson(rule);
  }
}

/** The webhook of the options; undefined: there is none. */
function webhookOf({ options, gateway, clock, log }: AlarmsDependencies): Webhook | undefined {
  const { url, secretFile, secret, timeout, maxQueued, giveUpAfter } = options.webhook;
  if (url === undefined) return undefined;
  // Read for each call: the file may be another one by then.
  const read = () => (secretFile === undefined ? secret : readSecret(secretFile, 'alarms.webhook.secretFile').trim());
  const settings = { url, secret: read, timeoutMs: timeout, maxQueued, giveUpMs: giveUpAfter };
  return new Webhook({ settings, gateway, clock, log });
}
