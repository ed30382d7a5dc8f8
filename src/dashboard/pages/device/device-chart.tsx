import { Chart } from '../../charts/chart.tsx';
import type { ChartSeries } from '../../charts/history.ts';
import { WindowPicker } from '../../charts/window-picker.tsx';
import { windows } from '../../charts/windows.ts';
import { plural, t } from '../../i18n/text.ts';
import { link } from '../../router.ts';
import { Icon } from '../../ui/icon.tsx';
import type { Rule } from '../../ui/rule.ts';
import { Empty } from '../../ui/state.tsx';
import { queryOf } from '../explore/choice.ts';
import type { Device } from './about.ts';
import { fieldKey } from './field-keys.ts';
import type { Chosen } from './remembered.ts';
import { linesOf } from './threshold.ts';

/** The chosen fields, large. */
export function DeviceChart({
  device,
  chosen,
  onChoose,
  rules,
}: {
  readonly device: Device;
  readonly chosen: Chosen;
  readonly onChoose: (some: Partial<Chosen>) => void;
  readonly rules: readonly Rule[];
}) {
  const { id, fields } = device;
  const shown = fields.filter(({ name, tags }) => chosen.fields.includes(fieldKey(name, tags)));
  const series = shown.map(
    ({ name, tags, unit, unitSymbol }): ChartSeries => ({
      device: id,
      field: name,
      tags,
      label: fieldKey(name, tags),
      unit: unitSymbol ?? unit,
    }),
  );
  const explored = series.map(({ device, field, tags = '' }) => ({ device, field, tags }));
  const wider = windows.find((ms) => ms > chosen.windowMs);
  return (
    <section class="card" aria-labelledby="device-chart">
      <header>
        <h2 id="device-chart">{t('Chart')}</h2>
        <div class="row">
          <a
            class="button plain"
            href={link('explore', queryOf({ series: explored, windowMs: chosen.windowMs, span: undefined }))}
          >
            <Icon name="download" />
            {t('Export')}
          </a>
          <WindowPicker windowMs={chosen.windowMs} onChange={(windowMs) => onChoose({ windowMs })} />
        </div>
      </header>
      {series.length === 0 ? (
        <Empty title={fields.length === 0 ? t('No fields yet') : t('No field is chosen.')}>
          <p>
            {fields.length === 0
              ? t('What it measures is shown with its next message.')
              : t('Choose up to four of the fields below.')}
          </p>
        </Empty>
      ) : (
        <Chart
          label={series.map(({ label }) => label).join(', ')}
          series={series}
          windowMs={chosen.windowMs}
          lines={linesOf(rules, shown)}
          about={({ lostPoints }) =>
            lostPoints > 0 && (
              <p class="hint">
                {plural(
                  lostPoints,
                  '{n} point of this time could not be kept.',
                  '{n} points of this time could not be kept.',
                )}
              </p>
            )
          }
          onWider={wider === undefined ? undefined : () => onChoose({ windowMs: wider })}
        />
      )}
    </section>
  );
}
