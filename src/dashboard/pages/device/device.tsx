import './device.css';
import { useState } from 'preact/hooks';
import type { GetDevicesIdAnswer } from '../../api/schema.ts';
import { Chart } from '../../charts/chart.tsx';
import { WindowPicker } from '../../charts/window-picker.tsx';
import { t } from '../../i18n/text.ts';
import { place } from '../../router.ts';
import { Problem } from '../../ui/problem.tsx';
import { useAnswer } from '../../ui/use-answer.ts';

/** One device. */
export function Page() {
  const id = place.value.rest[0] ?? '';
  return <OneDevice id={id} key={id} />;
}

function OneDevice({ id }: { readonly id: string }) {
  const [windowMs, setWindow] = useState(3_600_000);
  const [answer] = useAnswer<GetDevicesIdAnswer>(`api/v1/devices/${encodeURIComponent(id)}`);
  if (answer.state === 'asking') return <p class="loading">{t('Loading …')}</p>;
  if (answer.state === 'failed') return <Problem error={answer.error} />;
  const { fields, name } = answer.value;
  return (
    <>
      <h1>{name}</h1>
      <section class="card" aria-label={t('Chart')}>
        <WindowPicker windowMs={windowMs} onChange={setWindow} />
        <Chart
          label={name}
          windowMs={windowMs}
          series={fields
            .slice(0, 5)
            .map((one) => ({ device: id, field: one.name, tags: one.tags, label: one.name, unit: one.unitSymbol }))}
        />
      </section>
    </>
  );
}
