import type { GetAlarmsRulesAnswer, PostAlarmsRulesBody } from '../api/schema.ts';

/** A rule by which alarms are raised. */
export type Rule = GetAlarmsRulesAnswer['rules'][number];
/** What people say a rule is. */
export type RuleTerms = PostAlarmsRulesBody;

export const comparators = ['above', 'below', 'outside', 'equal', 'notEqual'] as const;
export type Comparator = (typeof comparators)[number];
export const severities = ['info', 'warning', 'critical'] as const;

/** What is typed: numbers as texts, until they are sent. */
export interface TypedRule {
  readonly name: string;
  /** An id, or a glob. */
  readonly device: string;
  readonly field: string;
  readonly comparator: Comparator;
  readonly value: string;
  readonly low: string;
  readonly high: string;
  readonly hysteresis: string;
  readonly forSeconds: string;
  readonly severity: (typeof severities)[number];
  readonly enabled: boolean;
}

/** A rule as a form shows it. @param rule undefined: a new one */
export function typedOf(rule: Rule | undefined, device: string, field: string): TypedRule {
  const text = (value: unknown): string => (value === undefined || value === null ? '' : String(value));
  return {
    name: rule?.name ?? '',
    device: rule?.device ?? device,
    field: rule?.field ?? field,
    comparator: rule?.comparator ?? 'above',
    value: text(rule?.value),
    low: text(rule?.low),
    high: text(rule?.high),
    hysteresis: text(rule?.hysteresis ?? 0),
    forSeconds: text(rule?.forSeconds ?? 0),
    severity: rule?.severity ?? 'warning',
    enabled: rule?.enabled ?? true,
  };
}

/** What is sent. @param rule what it replaces, whose other terms stay */
export function termsOfTyped(typed: TypedRule, rule: Rule | undefined): RuleTerms {
  const { comparator, name, device, field, severity, enabled } = typed;
  const isNumeric = comparator !== 'equal' && comparator !== 'notEqual';
  return {
    ...{ name: name.trim(), device: device.trim(), field: field.trim(), severity, enabled, comparator },
    ...(rule?.profile !== undefined && { profile: rule.profile }),
    ...(comparator === 'outside'
      ? { low: Number(typed.low), high: Number(typed.high) }
      : { value: isNumeric ? Number(typed.value) : literal(typed.value) }),
    ...(isNumeric && { hysteresis: Number(typed.hysteresis) }),
    forSeconds: Number(typed.forSeconds),
    ...(rule?.clearForSeconds !== undefined && { clearForSeconds: rule.clearForSeconds }),
  };
}

/** What a rule says, without what the gateway says of it. */
export function termsOf({ id: _id, createdAt: _made, changedAt: _changed, changedBy: _by, ...terms }: Rule): RuleTerms {
  return terms;
}

/** `true` and `21.5` are not meant as texts. */
function literal(text: string): boolean | number | string {
  const typed = text.trim();
  if (typed === 'true' || typed === 'false') return typed === 'true';
  return typed !== '' && Number.isFinite(Number(typed)) ? Number(typed) : typed;
}
