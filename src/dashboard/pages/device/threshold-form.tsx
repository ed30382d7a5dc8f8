import { useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import { t } from '../../i18n/text.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';
import type { Device } from './about.ts';
import type { Rule } from './threshold.ts';
import { comparatorName, severityName } from './words.ts';

const comparators = ['above', 'below', 'outside', 'equal', 'notEqual'] as const;
const severities = ['info', 'warning', 'critical'] as const;

/** What is typed: numbers as texts, until they are sent. */
interface Typed {
  readonly name: string;
  readonly field: string;
  readonly comparator: Rule['comparator'];
  readonly value: string;
  readonly low: string;
  readonly high: string;
  readonly hysteresis: string;
  readonly forSeconds: string;
  readonly severity: NonNullable<Rule['severity']>;
  readonly enabled: boolean;
}

/** Makes a rule, or changes one. */
export function ThresholdForm({
  device,
  rule,
  onClose,
  onDone,
}: {
  readonly device: Device;
  /** Undefined: a new one. */
  readonly rule: Rule | undefined;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const fields = [...new Set([...device.fields.map(({ name }) => name), ...(rule === undefined ? [] : [rule.field])])];
  const [typed, setTyped] = useState<Typed>(() => typedOf(rule, fields[0] ?? ''));
  const [error, setError] = useState<unknown>();
  const set = (some: Partial<Typed>): void => setTyped({ ...typed, ...some });
  const { comparator } = typed;
  const isNumeric = comparator === 'above' || comparator === 'below' || comparator === 'outside';
  const unit = device.fields.find(({ name }) => name === typed.field);
  const unitText = unit?.unitSymbol ?? unit?.unit ?? '';
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      const body = bodyOf(typed, rule, device.id);
      if (rule === undefined) await ask('api/v1/alarms/rules', { method: 'POST', body });
      else await ask(`api/v1/alarms/rules/${encodeURIComponent(rule.id)}`, { method: 'PUT', body });
      onDone();
      onClose();
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <Dialog title={rule === undefined ? t('Add a threshold') : t('Change a threshold')} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        {rule !== undefined && rule.device !== device.id && (
          <p class="hint">{t('It holds for several devices; so does what is changed here.')}</p>
        )}
        <Field label={t('Field')}>
          <select value={typed.field} onChange={(e) => set({ field: e.currentTarget.value })}>
            {fields.map((name) => (
              <option value={name} key={name}>
                {name}
              </option>
            ))}
          </select>
        </Field>
        <Field label={t('Raise an alarm when it')}>
          <select value={comparator} onChange={(e) => set({ comparator: e.currentTarget.value as Rule['comparator'] })}>
            {comparators.map((one) => (
              <option value={one} key={one}>
                {comparatorName(one)}
              </option>
            ))}
          </select>
        </Field>
        {comparator === 'outside' ? (
          <div class="columns">
            <Field label={t('From')} hint={unitText}>
              <input
                type="number"
                step="any"
                required
                value={typed.low}
                onInput={(e) => set({ low: e.currentTarget.value })}
              />
            </Field>
            <Field label={t('To')} hint={unitText}>
              <input
                type="number"
                step="any"
                required
                value={typed.high}
                onInput={(e) => set({ high: e.currentTarget.value })}
              />
            </Field>
          </div>
        ) : (
          <Field label={t('Limit')} hint={isNumeric ? unitText : t('A number, true, false, or a text.')}>
            {isNumeric ? (
              <input
                type="number"
                step="any"
                required
                value={typed.value}
                onInput={(e) => set({ value: e.currentTarget.value })}
              />
            ) : (
              <input required value={typed.value} onInput={(e) => set({ value: e.currentTarget.value })} />
            )}
          </Field>
        )}
        <div class="columns">
          {isNumeric && (
            <Field label={t('Hysteresis')} hint={t('How far it has to come back before the alarm is over.')}>
              <input
                type="number"
                step="any"
                min="0"
                value={typed.hysteresis}
                onInput={(e) => set({ hysteresis: e.currentTarget.value })}
              />
            </Field>
          )}
          <Field label={t('For at least, in seconds')} hint={t('0: at once.')}>
            <input
              type="number"
              min="0"
              value={typed.forSeconds}
              onInput={(e) => set({ forSeconds: e.currentTarget.value })}
            />
          </Field>
        </div>
        <Field label={t('Severity')}>
          <select
            value={typed.severity}
            onChange={(e) => set({ severity: e.currentTarget.value as Typed['severity'] })}
          >
            {severities.map((one) => (
              <option value={one} key={one}>
                {severityName(one)}
              </option>
            ))}
          </select>
        </Field>
        <Field label={t('Name')} hint={t('What the alarm is called.')}>
          <input
            required
            maxLength={200}
            placeholder={typed.field}
            value={typed.name}
            onInput={(e) => set({ name: e.currentTarget.value })}
          />
        </Field>
        <label class="check">
          <input type="checkbox" checked={typed.enabled} onChange={(e) => set({ enabled: e.currentTarget.checked })} />
          {t('Watch it')}
        </label>
        {error !== undefined && <Problem error={error} />}
        <div class="row">
          <span class="grow" />
          <button class="button" type="button" onClick={onClose}>
            {t('Cancel')}
          </button>
          <button class="button primary" type="submit">
            {t('Save')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function typedOf(rule: Rule | undefined, field: string): Typed {
  const text = (value: unknown): string => (value === undefined || value === null ? '' : String(value));
  return {
    name: rule?.name ?? '',
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

/** What a rule says, without what the gateway says of it. */
export function termsOf({ id: _id, createdAt: _made, changedAt: _changed, changedBy: _by, ...terms }: Rule): object {
  return terms;
}

function bodyOf(typed: Typed, rule: Rule | undefined, device: string): object {
  const { comparator, name, field, severity, enabled } = typed;
  const kept = rule === undefined ? { device } : { device: rule.device, profile: rule.profile };
  const isNumeric = comparator !== 'equal' && comparator !== 'notEqual';
  return {
    ...{ ...kept, name: name.trim(), field, severity, enabled, comparator },
    ...(comparator === 'outside'
      ? { low: Number(typed.low), high: Number(typed.high) }
      : { value: isNumeric ? Number(typed.value) : literal(typed.value) }),
    ...(isNumeric && { hysteresis: Number(typed.hysteresis) }),
    forSeconds: Number(typed.forSeconds),
    ...(rule?.clearForSeconds !== undefined && { clearForSeconds: rule.clearForSeconds }),
  };
}

/** `true` and `21.5` are not meant as texts. */
function literal(text: string): boolean | number | string {
  const typed = text.trim();
  if (typed === 'true' || typed === 'false') return typed === 'true';
  return typed !== '' && Number.isFinite(Number(typed)) ? Number(typed) : typed;
}
