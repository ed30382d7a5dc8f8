import type { Field, Measurement } from '../core/measurement.ts';
import type { Onlooker, Taken } from '../core/taken.ts';
import type { MonotonicMs, UnixMs } from '../core/time.ts';
import { formatDuration } from '../core/units.ts';
import { globMatches } from '../lib/glob.ts';
import { RecentMap } from '../lib/recent-map.ts';
import { type Alarm, alarmUnit, alarmValue, type Subject } from './alarm.ts';
import type { AlarmBook } from './book.ts';
import { conditionText, judge } from './condition.ts';
import type { AlarmDesk } from './desk.ts';
import type { AlarmRule } from './rule.ts';
import type { AlarmRules } from './rule-book.ts';

export interface ThresholdDependencies {
  readonly rules: AlarmRules;
  readonly book: AlarmBook;
  readonly desk: AlarmDesk;
  readonly operatingMs: () => MonotonicMs;
}

/** A rule and a device that it is about. */
interface Watched {
  readonly rule: AlarmRule;
  /** Of the device's series of the field without tags. */
  alarm: Alarm | undefined;
  /** The newest time that the device gave, and when it came. */
  newestMs: UnixMs;
  newestCameMs: MonotonicMs;
}

/** It is remembered which rules are about which devices: so many pairs, and devices that no rule is about. */
const maxWatched = 200_000;
/** What is older than what was said before is no news, unless nothing newer came for so long: then the device's clock was wrong. */
const lateMs = 15 * 60_000;
/** The registry knows none whose id is longer. */
const maxDeviceId = 1_000;
const none: readonly Watched[] = [];

/** Holds what devices say against the rules that people have made. */
export class Thresholds implements Onlooker {
  readonly wantsPayloads = false;
  readonly #deps: ThresholdDependencies;
  readonly #watched = new RecentMap<string, readonly Watched[]>(maxWatched, (_, { length }) => length + 1);
  #isIdle = true;
  #unusable = 0;
  #late = 0;

  constructor(deps: ThresholdDependencies) {
    this.#deps = deps;
  }

  /** Values that could not be compared, and those that came too late to be news. */
  status(): { readonly unusable: number; readonly late: number } {
    return { unusable: this.#unusable, late: this.#late };
  }

  /** Alarms of rules that are not, or are about something else by now, are over. */
  rulesChanged(): void {
    const { rules, book, desk } = this.#deps;
    this.#isIdle = rules.size === 0;
    this.#watched.clear();
    for (const alarm of [...book.open()]) {
      const { origin, rule: id, deviceId = '', field, limit } = alarm.subject;
      if (origin !== 'rule') continue;
      const rule = rules.get(id);
      if (rule === undefined || !rule.enabled) desk.withdraw(alarm, 'rule-gone');
      else if (rule.field !== field || conditionText(rule.condition) !== limit || !globMatches(rule.device, deviceId))
        desk.withdraw(alarm, 'rule-changed');
      else desk.expect(alarm, rule);
    }
  }

  taken(taken: Taken): void {
    if (this.#isIdle) return;
    const { fields, deviceId } = taken.measurement;
    if (deviceId.length > maxDeviceId) return;
    const watched = this.#watched.get(deviceId) ?? this.#watch(deviceId);
    for (let i = 0; i < watched.length; i++) {
      const one = watched[i]!;
      for (let j = 0; j < fields.length; j++)
        if (fields[j]!.name === one.rule.field) this.#look(one, fields[j]!, taken);
    }
  }

  #watch(deviceId: string): readonly Watched[] {
    const rules = this.#deps.rules.of(deviceId);
    const watched =
      rules.length === 0
        ? none
        : rules.map((rule) => {
            const alarm = this.#deps.book.ofKey(keyOf(rule, deviceId, undefined));
            return { rule, alarm, newestMs: Number.NEGATIVE_INFINITY, newestCameMs: 0 };
          });
    this.#watched.set(deviceId, watched);
    return watched;
  }

  #look(watched: Watched, { value, unit: given }: Field, { measurement, kind, profile }: Taken): void {
    const { rule } = watched;
    // What was said before, or by somebody else, is no news of the device.
    if (kind === 'duplicate' || kind === 'command') return;
    if (rule.profile !== null && !globMatches(rule.profile, profile?.name ?? '')) return;
    const name = judge(rule.condition, value);
    if (name === 'unusable') {
      this.#unusable++;
      return;
    }
    if (measurement.timeMs !== undefined && this.#isLate(watched, measurement.timeMs)) return;
    const { deviceId } = measurement;
    const tags = tagsOf(measurement);
    const { book, desk } = this.#deps;
    const alarm = tags === undefined ? openOf(watched.alarm) : book.ofKey(keyOf(rule, deviceId, tags));
    if (alarm === undefined && name !== 'violating') return;
    const unit = alarmUnit(given);
    const subject = alarm?.subject ?? subjectOf(rule, deviceId, tags);
    const begun = desk.see(subject, alarm, {
      input: { name },
      value: alarmValue(value),
      unit,
      text: () => textOf(rule, subject, value, unit),
      forMs: rule.forMs,
      clearForMs: rule.clearForMs,
    });
    if (tags === undefined) watched.alarm = begun;
  }

  #isLate(watched: Watched, timeMs: UnixMs): boolean {
    const now = this.#deps.operatingMs();
    if (timeMs < watched.newestMs && now - watched.newestCameMs < lateMs) {
      this.#late++;
      return true;
    }
    watched.newestMs = timeMs;
    watched.newestCameMs = now;
    return false;
  }
}

/** One that is over is another one's predecessor. */
function openOf(alarm: Alarm | undefined): Alarm | undefined {
  return alarm === undefined || alarm.state.name === 'cleared' || alarm.state.name === 'ok' ? undefined : alarm;
}

const maxTags = 500;

/** `room=3,rack=b`; undefined: none. */
function tagsOf({ tags }: Measurement): string | undefined {
  if (tags === undefined || tags.length === 0) return undefined;
  return tags
    .map(([name, value]) => `${name}=${value}`)
    .join(',')
    .slice(0, maxTags);
}

function keyOf({ id }: AlarmRule, deviceId: string, tags: string | undefined): string {
  return JSON.stringify(tags === undefined ? [id, deviceId] : [id, deviceId, tags]);
}

function subjectOf(rule: AlarmRule, deviceId: string, tags: string | undefined): Subject {
  const { id, name, severity, field, condition } = rule;
  const about = { origin: 'rule' as const, rule: id, name, severity, deviceId, field, tags };
  return { key: keyOf(rule, deviceId, tags), ...about, limit: conditionText(condition) };
}

/** `temperature of freezer-1 is 9.2 Cel: above 8 for 5 min.` */
function textOf({ field, forMs }: AlarmRule, { deviceId, tags, limit }: Subject, value: unknown, unit = ''): string {
  const whose = tags === undefined ? deviceId : `${deviceId} (${tags})`;
  const said = typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : String(value);
  const duration = forMs > 0 ? ` for ${formatDuration(forMs)}` : '';
  return `${field} of ${whose} is ${said}${unit === '' ? '' : ` ${unit}`}: ${limit}${duration}.`;
}
