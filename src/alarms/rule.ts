import { type Condition, comparators } from './condition.ts';

export const severities = ['info', 'warning', 'critical'] as const;
/** How much an alarm matters. */
export type Severity = (typeof severities)[number];

/** What people say a rule is. */
export interface RuleTerms {
  /** For people. */
  readonly name: string;
  readonly enabled: boolean;
  readonly severity: Severity;
  /** A glob of device ids: `*` stands for any characters. */
  readonly device: string;
  /** A glob of profiles' names; null: whatever decoded it, or nothing did. */
  readonly profile: string | null;
  /** The field's name. */
  readonly field: string;
  readonly condition: Condition;
  /** How long it has to be wrong before it is raised, and well before it is over; ms. */
  readonly forMs: number;
  readonly clearForMs: number;
}

/** A rule with a threshold, as it is kept. */
export interface AlarmRule extends RuleTerms {
  readonly id: string;
  /** When it was made and last changed, Unix ms, and by whom. */
  readonly createdAt: number;
  readonly changedAt: number;
  readonly changedBy: string;
}

const maxName = 200;
const maxGlob = 1_000;
const maxSeconds = 30 * 86_400;
const maxText = 200;
const keys = [
  'name',
  'enabled',
  'severity',
  'device',
  'profile',
  'field',
  'comparator',
  'value',
  'low',
  'high',
  'hysteresis',
  'forSeconds',
  'clearForSeconds',
];

/** What a request's body says a rule is. @returns a sentence when it can't be one */
export function ruleTermsOf(body: unknown): RuleTerms | string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'The body must be a JSON object.';
  const given = body as Readonly<Record<string, unknown>>;
  const stray = Object.keys(given).find((key) => !keys.includes(key));
  if (stray !== undefined) return `There is no \`${stray.slice(0, 40)}\`; there are ${keys.join(', ')}.`;
  const { name, enabled = true, severity = 'warning', device = '*', profile = null, field } = given;
  if (!isLine(name, maxName)) return `\`name\` must be a text of 1 to ${maxName} characters in one line.`;
  if (typeof enabled !== 'boolean') return '`enabled` must be true or false.';
  if (!severities.includes(severity as Severity)) return `\`severity\` must be one of ${severities.join(', ')}.`;
  if (!isLine(device, maxGlob)) return '`device` must be the id of a device; `*` stands for any characters.';
  if (profile !== null && !isLine(profile, maxName)) return '`profile` must be the name of a profile, or null.';
  if (!isLine(field, maxName)) return '`field` must be the name of a field.';
  const condition = conditionOf(given);
  if (typeof condition === 'string') return condition;
  const { forSeconds = 0, clearForSeconds = 0 } = given;
  if (!isBetween(forSeconds, 0, maxSeconds)) return `\`forSeconds\` must be a number from 0 to ${maxSeconds}.`;
  if (!isBetween(clearForSeconds, 0, maxSeconds))
    return `\`clearForSeconds\` must be a number from 0 to ${maxSeconds}.`;
  return {
    ...{ name: name.trim(), enabled, severity: severity as Severity, device, profile, field, condition },
    ...{ forMs: Math.round(forSeconds * 1_000), clearForMs: Math.round(clearForSeconds * 1_000) },
  };
}

function conditionOf({
  comparator,
  value,
  low,
  high,
  hysteresis,
}: Readonly<Record<string, unknown>>): Condition | string {
  switch (comparator) {
    case 'above':
    case 'below':
    case 'outside': {
      const band = hysteresis ?? 0;
      if (!isNumber(band) || band < 0) return '`hysteresis` must be a number from 0 on.';
      if (comparator !== 'outside') {
        if (low !== undefined || high !== undefined) return '`low` and `high` are for `outside`; give `value`.';
        return isNumber(value)
          ? { comparator, value, hysteresis: band }
          : `\`value\` must be a number for \`${comparator}\`.`;
      }
      if (value !== undefined) return '`outside` takes `low` and `high`, and no `value`.';
      if (!isNumber(low) || !isNumber(high) || low >= high)
        return '`low` and `high` must be numbers, `low` the smaller one.';
      if (2 * band > high - low) return '`hysteresis` must leave room between `low` and `high`: at most half of that.';
      return { comparator, low, high, hysteresis: band };
    }
    case 'equal':
    case 'notEqual':
      if (low !== undefined || high !== undefined || (hysteresis !== undefined && hysteresis !== 0))
        return `\`${comparator}\` takes a \`value\` alone.`;
      if (isNumber(value) || typeof value === 'boolean') return { comparator, value };
      if (typeof value === 'string' && value.length <= maxText) return { comparator, value };
      return `\`value\` must be a number, true, false, or a text of at most ${maxText} characters.`;
    default:
      return `\`comparator\` must be one of ${comparators.join(', ')}.`;
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isBetween(value: unknown, min: number, max: number): value is number {
  return isNumber(value) && value >= min && value <= max;
}

function isLine(text: unknown, max: number): text is string {
  return typeof text === 'string' && text.length <= max && text.trim() !== '' && !/\p{Cc}/u.test(text);
}

/** A rule as it is told, and lies on the shelf. */
export function ruleJson({ id, createdAt, changedAt, changedBy, forMs, clearForMs, condition, ...terms }: AlarmRule) {
  return {
    id,
    ...terms,
    ...condition,
    forSeconds: forMs / 1_000,
    clearForSeconds: clearForMs / 1_000,
    createdAt: new Date(createdAt).toISOString(),
    changedAt: new Date(changedAt).toISOString(),
    changedBy,
  };
}

/** @returns undefined for what is no rule */
export function ruleOfJson(text: string): AlarmRule | undefined {
  try {
    const { id, createdAt, changedAt, changedBy, ...body } = JSON.parse(text) as Record<string, unknown>;
    const terms = ruleTermsOf(body);
    if (typeof terms === 'string' || typeof id !== 'string') return undefined;
    const times = { createdAt: Date.parse(String(createdAt)), changedAt: Date.parse(String(changedAt)) };
    return Number.isNaN(times.createdAt + times.changedAt)
      ? undefined
      : { id, ...terms, ...times, changedBy: String(changedBy) };
  } catch {
    // Written by something else.
    return undefined;
  }
}
