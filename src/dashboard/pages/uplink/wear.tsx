import { useState } from 'preact/hooks';
import { bytes, number } from '../../i18n/format.ts';
import { t } from '../../i18n/text.ts';
import { keep, recall } from '../../state/preferences.ts';
import type { GatewayStatus } from '../../state/status.ts';
import { Field } from '../../ui/field.tsx';
import { lifeYears } from './model.ts';

/** Less than that since the start says nothing of a day. */
const leastSeconds = 600;
const endurances = [5, 20, 60, 150];

/** What was written to the flash, and how long a card takes that. */
export function Wear({ status }: { readonly status: GatewayStatus }) {
  const [endurance, setEndurance] = useState(Number(recall('endurance') ?? 20));
  const { buffer, history, gateway } = status;
  const byBuffer = Object.values(buffer.flashBytes).reduce((sum, n) => sum + n, 0);
  const byHistory = typeof history.writtenBytes === 'number' ? history.writtenBytes : 0;
  const written = byBuffer + byHistory;
  const perDay = (written / gateway.uptimeSeconds) * 86_400;
  const years = lifeYears(perDay, endurance);
  return (
    <section class="card">
      <h2>{t('Written to the flash')}</h2>
      <dl class="pairs">
        <dt>{t('Since the start')}</dt>
        <dd>
          {t('{all}: {buffer} for the buffer, {history} for charts', {
            all: bytes(written),
            buffer: bytes(byBuffer),
            history: bytes(byHistory),
          })}
        </dd>
        <dt>{t('In a day, at this rate')}</dt>
        <dd>{gateway.uptimeSeconds < leastSeconds ? t('Known ten minutes after the start') : bytes(perDay)}</dd>
        <dt>{t('A card lasts')}</dt>
        <dd>
          {gateway.uptimeSeconds < leastSeconds
            ? t('Known ten minutes after the start')
            : years > 50
              ? t('More than 50 years')
              : t('About {n} years', { n: number(Math.round(years * 10) / 10) })}
        </dd>
      </dl>
      <Field
        narrow
        label={t('What the card can take')}
        hint={t('Its maker tells, as TBW. What the card writes on its own behalf comes on top.')}
      >
        <select
          value={String(endurance)}
          onChange={(e) => {
            setEndurance(Number(e.currentTarget.value));
            keep('endurance', e.currentTarget.value);
          }}
        >
          {endurances.map((tb) => (
            <option value={String(tb)} key={tb}>
              {t('{n} TB', { n: tb })}
            </option>
          ))}
        </select>
      </Field>
    </section>
  );
}
