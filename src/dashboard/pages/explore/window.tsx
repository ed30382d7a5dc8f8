import { windows } from '../../charts/windows.ts';
import { duration } from '../../i18n/format.ts';
import { t } from '../../i18n/text.ts';
import { gatewayNow } from '../../state/clock.ts';
import { Field } from '../../ui/field.tsx';
import type { Choice } from './choice.ts';

/** How much of the past is shown: up to now, or between two times. */
export function WindowChoice({
  choice,
  onChange,
}: {
  readonly choice: Choice;
  readonly onChange: (some: Partial<Choice>) => void;
}) {
  const { span, windowMs } = choice;
  const choose = (value: string): void => {
    const toMs = gatewayNow();
    if (value === 'span') onChange({ span: { fromMs: toMs - windowMs, toMs } });
    else onChange({ windowMs: Number(value), span: undefined });
  };
  const set = (some: Partial<NonNullable<Choice['span']>>): void => {
    if (span !== undefined) onChange({ span: { ...span, ...some } });
  };
  return (
    <div class="explore-window">
      <Field label={t('Time shown')}>
        <select value={span === undefined ? windowMs : 'span'} onChange={(e) => choose(e.currentTarget.value)}>
          {windows.map((ms) => (
            <option value={ms} key={ms}>
              {t('The last {time}', { time: duration(ms / 1_000) })}
            </option>
          ))}
          <option value="span">{t('Between two times')}</option>
        </select>
      </Field>
      {span !== undefined && (
        <>
          <TimeInput label={t('From')} ms={span.fromMs} max={span.toMs} onChange={(fromMs) => set({ fromMs })} />
          <TimeInput label={t('To')} ms={span.toMs} min={span.fromMs} onChange={(toMs) => set({ toMs })} />
        </>
      )}
    </div>
  );
}

/** A time, by this browser's time zone. What is no time, or on the wrong side of the other one, changes nothing. */
function TimeInput({
  label,
  ms,
  min = Number.NEGATIVE_INFINITY,
  max = Number.POSITIVE_INFINITY,
  onChange,
}: {
  readonly label: string;
  readonly ms: number;
  readonly min?: number;
  readonly max?: number;
  readonly onChange: (ms: number) => void;
}) {
  return (
    <Field label={label}>
      <input
        type="datetime-local"
        step="1"
        required
        value={localText(ms)}
        onChange={(e) => {
          const given = Date.parse(e.currentTarget.value);
          const isRight = given > min && given < max;
          e.currentTarget.setCustomValidity(isRight ? '' : t('It has to begin before it ends.'));
          if (isRight) onChange(given);
          else e.currentTarget.reportValidity();
        }}
      />
    </Field>
  );
}

/** As such an input has it: `2026-11-22T18:00:00` of here. */
function localText(ms: number): string {
  return new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
