import { useEffect, useId, useState } from 'preact/hooks';
import { ask } from '../api/ask.ts';
import type { GetDevicesIdAnswer } from '../api/schema.ts';
import { fieldValue } from '../i18n/format.ts';
import { t } from '../i18n/text.ts';
import { deviceSet, devices, loadDevices } from '../state/devices.ts';
import { Dialog } from './dialog.tsx';
import { Field } from './field.tsx';
import { Problem } from './problem.tsx';
import { type Comparator, comparators, type Rule, severities, type TypedRule, termsOfTyped, typedOf } from './rule.ts';
import { comparatorName, severityName } from './rule-words.ts';
import { useAnswer } from './use-answer.ts';

/** A field that a rule can be about, with its newest value. */
interface KnownField {
  readonly name: string;
  readonly value: unknown;
  readonly unit: string;
}

/** Makes a rule by which alarms are raised, or changes one. */
export function RuleForm({
  rule,
  device,
  field = '',
  onClose,
  onDone,
}: {
  /** Undefined: a new one. */
  readonly rule: Rule | undefined;
  /** A new one is about this device; undefined: it is asked for. */
  readonly device?: string;
  readonly field?: string;
  readonly onClose: () => void;
  readonly onDone: (rule: Rule) => void;
}) {
  const [typed, setTyped] = useState<TypedRule>(() => typedOf(rule, device ?? '', field));
  const [fields, setFields] = useState<readonly KnownField[]>([]);
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const set = (some: Partial<TypedRule>): void => setTyped((now) => ({ ...now, ...some }));
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      const body = termsOfTyped(typed, rule);
      const saved: Rule =
        rule === undefined
          ? await ask('api/v1/alarms/rules', { method: 'POST', body })
          : await ask(`api/v1/alarms/rules/${encodeURIComponent(rule.id)}`, { method: 'PUT', body });
      onDone(saved);
      onClose();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <Dialog title={rule === undefined ? t('Add a threshold') : t('Change a threshold')} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        {rule !== undefined && device !== undefined && rule.device !== device && (
          <p class="hint">{t('It holds for several devices; so does what is changed here.')}</p>
        )}
        {device === undefined && <DeviceInput value={typed.device} onChange={(value) => set({ device: value })} />}
        <FieldInput value={typed.field} fields={fields} onChange={(value) => set({ field: value })} />
        <FieldsOf id={typed.device} onFields={setFields} />
        <Condition typed={typed} unit={fields.find(({ name }) => name === typed.field)?.unit ?? ''} set={set} />
        <Field label={t('Severity')} narrow>
          <select
            value={typed.severity}
            onChange={(e) => set({ severity: e.currentTarget.value as TypedRule['severity'] })}
          >
            {severities.map((one) => (
              <option value={one} key={one}>
                {severityName(one)}
              </option>
            ))}
          </select>
        </Field>
        <Field label={t('Name')} hint={t('What the alarm is called.')}>
          <input required maxLength={200} value={typed.name} onInput={(e) => set({ name: e.currentTarget.value })} />
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
          <button class="button primary" type="submit" disabled={isBusy}>
            {t('Save')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function DeviceInput({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }) {
  const list = useId();
  useEffect(() => {
    // Suggestions only: without them an id can be typed as well.
    if (devices.size === 0) loadDevices().catch(() => undefined);
  }, []);
  void deviceSet.value;
  return (
    <>
      <Field
        label={t('Device')}
        hint={t('The id of a device; * stands for any characters, and alone for all devices.')}
      >
        <input required maxLength={1000} list={list} value={value} onInput={(e) => onChange(e.currentTarget.value)} />
      </Field>
      <datalist id={list}>
        <option value="*">{t('All devices')}</option>
        {[...devices.values()].map((one) => {
          const { id, name } = one.peek();
          return (
            <option value={id} key={id}>
              {name}
            </option>
          );
        })}
      </datalist>
    </>
  );
}

function FieldInput({
  value,
  fields,
  onChange,
}: {
  readonly value: string;
  readonly fields: readonly KnownField[];
  readonly onChange: (value: string) => void;
}) {
  const list = useId();
  const known = fields.find(({ name }) => name === value);
  const hint =
    known === undefined ? t('The name of one of its fields.') : t('Now {value}', { value: valueText(known) });
  return (
    <>
      <Field label={t('Field')} hint={hint}>
        <input required maxLength={200} list={list} value={value} onInput={(e) => onChange(e.currentTarget.value)} />
      </Field>
      <datalist id={list}>
        {fields.map((one) => (
          <option value={one.name} key={one.name}>
            {valueText(one)}
          </option>
        ))}
      </datalist>
    </>
  );
}

const valueText = ({ value, unit }: KnownField): string => fieldValue(value, unit);

/** Finds which fields a device has; those of all that are known, where a rule is about several. */
function FieldsOf({
  id,
  onFields,
}: {
  readonly id: string;
  readonly onFields: (fields: readonly KnownField[]) => void;
}) {
  const isOne = !id.includes('*') && (devices.has(id) || devices.size === 0) && id !== '';
  useEffect(() => {
    if (isOne) return;
    const found = new Map<string, KnownField>();
    if (id.includes('*')) {
      for (const one of devices.values()) for (const each of one.peek().fields) found.set(each.name, each);
    }
    onFields([...found.values()]);
  }, [isOne, id, deviceSet.value]);
  return isOne ? <FieldsOfOne id={id} key={id} onFields={onFields} /> : null;
}

function FieldsOfOne({ id, onFields }: Parameters<typeof FieldsOf>[0]) {
  const [answer] = useAnswer<GetDevicesIdAnswer>(`api/v1/devices/${encodeURIComponent(id)}`);
  useEffect(() => {
    // Suggestions only: a device that is not there yet has none.
    const fields = answer.state === 'here' ? answer.value.fields : [];
    const found = new Map<string, KnownField>();
    for (const { name, value, unitSymbol, unit } of fields) {
      if (!found.has(name)) found.set(name, { name, value, unit: unitSymbol ?? unit ?? '' });
    }
    onFields([...found.values()]);
  }, [answer]);
  return null;
}

function Condition({
  typed,
  unit,
  set,
}: {
  readonly typed: TypedRule;
  readonly unit: string;
  readonly set: (some: Partial<TypedRule>) => void;
}) {
  const { comparator } = typed;
  const isNumeric = comparator !== 'equal' && comparator !== 'notEqual';
  const numeric = (name: 'value' | 'low' | 'high' | 'hysteresis' | 'forSeconds') => ({
    ...{ type: 'number' as const, step: 'any', required: true, value: typed[name] },
    onInput: (e: { readonly currentTarget: HTMLInputElement }) => set({ [name]: e.currentTarget.value }),
  });
  const hint = unit === '' ? {} : { hint: unit };
  return (
    <>
      <div class="columns">
        <Field label={t('Raise an alarm when it')}>
          <select value={comparator} onChange={(e) => set({ comparator: e.currentTarget.value as Comparator })}>
            {comparators.map((one) => (
              <option value={one} key={one}>
                {comparatorName(one)}
              </option>
            ))}
          </select>
        </Field>
        {comparator === 'outside' ? (
          <div class="columns">
            <Field label={t('From')} {...hint}>
              <input {...numeric('low')} />
            </Field>
            <Field label={t('To')} {...hint}>
              <input {...numeric('high')} />
            </Field>
          </div>
        ) : isNumeric ? (
          <Field label={t('Limit')} {...hint} key="number">
            <input {...numeric('value')} />
          </Field>
        ) : (
          <Field label={t('Limit')} hint={t('A number, true, false, or a text.')} key="any">
            <input required value={typed.value} onInput={(e) => set({ value: e.currentTarget.value })} />
          </Field>
        )}
      </div>
      <div class="columns">
        {isNumeric && (
          <Field label={t('Hysteresis')} hint={t('How far it has to come back before the alarm is over.')}>
            <input {...numeric('hysteresis')} min="0" />
          </Field>
        )}
        <Field label={t('For at least, in seconds')} hint={t('0: at once.')}>
          <input {...numeric('forSeconds')} min="0" />
        </Field>
      </div>
    </>
  );
}
