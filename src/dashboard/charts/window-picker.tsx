import { duration } from '../i18n/format.ts';
import { t } from '../i18n/text.ts';
import { windows } from './windows.ts';

/** How much of the past a chart shows. */
export function WindowPicker({
  windowMs,
  onChange,
}: {
  readonly windowMs: number;
  readonly onChange: (windowMs: number) => void;
}) {
  return (
    <select
      class="window-picker"
      aria-label={t('Time shown')}
      value={windowMs}
      onChange={(event) => onChange(Number(event.currentTarget.value))}
    >
      {windows.map((ms) => (
        <option value={ms} key={ms}>
          {duration(ms / 1_000)}
        </option>
      ))}
    </select>
  );
}
