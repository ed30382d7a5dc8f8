import { useState } from 'preact/hooks';
import { send } from '../../api/ask.ts';
import type { ChartSeries } from '../../charts/history.ts';
import type { Shown } from '../../charts/view.ts';
import { t } from '../../i18n/text.ts';
import { Icon } from '../../ui/icon.tsx';
import { saveBlob, saveText } from '../../ui/save.ts';
import { sayProblem } from '../../ui/toasts.tsx';
import { csvOf, fileName, ndjsonOf, rowsOfShown } from './export.ts';

const formats = { csv: { name: 'CSV', type: 'text/csv' }, ndjson: { name: 'NDJSON', type: 'application/x-ndjson' } };
type Format = keyof typeof formats;

/** Saves what is shown, and all that the gateway keeps of the same time. */
export function Downloads({ series, shown }: { readonly series: readonly ChartSeries[]; readonly shown: Shown }) {
  const [busy, setBusy] = useState('');
  const devices = [...new Set(series.map(({ device }) => device))];
  const saveShown = (format: Format): void => {
    const rows = rowsOfShown(series, shown.tracks, shown.span);
    const text = format === 'csv' ? csvOf(rows) : ndjsonOf(rows);
    saveText(fileName('chart', shown.span, format), text, formats[format].type);
  };
  const saveAll = async (device: string, format: Format): Promise<void> => {
    setBusy(`${format} ${device}`);
    try {
      const response = await send(`api/v1/measurements?${wholeQuery(device, series, shown, format)}`);
      saveBlob(fileName(device, shown.span, format), await response.blob());
    } catch (error) {
      sayProblem(error);
    } finally {
      setBusy('');
    }
  };
  return (
    <div class="explore-save">
      <div class="row">
        <span class="grow">{t('What is shown')}</span>
        <Buttons what={t('What is shown')} onSave={saveShown} />
      </div>
      {devices.map((device) => (
        <div class="row" key={device}>
          <span class="grow">
            {t('All of this time, as fine as it is kept:')} <bdi>{device}</bdi>
          </span>
          <Buttons what={device} onSave={(format) => saveAll(device, format)} isBusy={busy.endsWith(` ${device}`)} />
        </div>
      ))}
    </div>
  );
}

function Buttons({
  what,
  isBusy = false,
  onSave,
}: {
  readonly what: string;
  readonly isBusy?: boolean;
  readonly onSave: (format: Format) => void;
}) {
  return (
    <>
      {(Object.keys(formats) as Format[]).map((format) => (
        <button
          class="button"
          type="button"
          key={format}
          disabled={isBusy}
          aria-label={t('Save {what} as {format}', { what, format: formats[format].name })}
          onClick={() => onSave(format)}
        >
          <Icon name="download" />
          {formats[format].name}
        </button>
      ))}
    </>
  );
}

function wholeQuery(device: string, series: readonly ChartSeries[], { span }: Shown, format: Format): URLSearchParams {
  const query = new URLSearchParams({
    ...{ device, format, bucket: 'finest' },
    from: new Date(span.fromMs).toISOString(),
    to: new Date(span.toMs).toISOString(),
  });
  const fields = new Set(series.filter((one) => one.device === device).map(({ field }) => field));
  for (const field of fields) query.append('field', field);
  return query;
}
