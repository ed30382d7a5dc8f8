import { useEffect, useState } from 'preact/hooks';
import { askHistory, type HistoryWindow, tagsOf } from '../../charts/history.ts';
import { Sparkline } from '../../charts/sparkline.tsx';
import { fieldValue } from '../../i18n/format.ts';
import { t } from '../../i18n/text.ts';
import type { LiveEvent, MeasurementEvent } from '../../live/protocol.ts';
import { gatewayNow } from '../../state/clock.ts';
import { loadPins } from '../../state/pins.ts';
import { Age } from '../../ui/age.tsx';
import { Empty } from '../../ui/state.tsx';
import { useLive } from '../../ui/use-live.ts';
import { type Device, wishFor } from './about.ts';
import { fieldKey, maxCharted } from './field-keys.ts';
import { PinButton } from './pin.tsx';
import type { Chosen } from './remembered.ts';

type FieldNow = Device['fields'][number];

/** What it measures: the newest values, in their order for good. Which of them the chart shows is chosen here. */
export function Fields({
  device,
  chosen,
  onChoose,
}: {
  readonly device: Device;
  readonly chosen: Chosen;
  readonly onChoose: (some: Partial<Chosen>) => void;
}) {
  const { id } = device;
  const [fields, setFields] = useState(device.fields);
  useEffect(() => setFields((before) => merged(before, device.fields)), [device]);
  useLive(wishFor(id), (events) => setFields((before) => withEvents(before, events, id)));
  const history = useSparklines(id);
  useEffect(() => {
    // Without them the buttons are up; whoever presses one is told what is wrong.
    loadPins().catch(() => undefined);
  }, []);
  const isFull = chosen.fields.length >= maxCharted;
  const toggle = (key: string): void => {
    const has = chosen.fields.includes(key);
    onChoose({ fields: has ? chosen.fields.filter((one) => one !== key) : [...chosen.fields, key] });
  };
  return (
    <section class="card" aria-labelledby="device-fields">
      <header>
        <h2 id="device-fields">{t('Fields')}</h2>
        <span class="hint">{t('Up to four of them in the chart.')}</span>
      </header>
      {fields.length === 0 ? (
        <Empty title={t('No fields yet')}>
          <p>{t('What it measures is shown with its next message.')}</p>
        </Empty>
      ) : (
        <div class="table-box">
          <table class="device-fields cards">
            <thead>
              <tr>
                <th scope="col">{t('Field')}</th>
                <th scope="col" class="num">
                  {t('Value')}
                </th>
                <th scope="col" class="num">
                  {t('Age')}
                </th>
                <th scope="col">{t('Last hour')}</th>
                <th scope="col">
                  <span class="visually-hidden">{t('On the overview')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {fields.map(({ name, tags, value, unit, unitSymbol, at }) => {
                const key = fieldKey(name, tags);
                const isChosen = chosen.fields.includes(key);
                return (
                  <tr key={key}>
                    <th scope="row">
                      <label>
                        <input
                          type="checkbox"
                          checked={isChosen}
                          disabled={!isChosen && isFull}
                          onChange={() => toggle(key)}
                        />
                        <bdi>{key}</bdi>
                      </label>
                    </th>
                    <td class="num value" data-label={t('Value')}>
                      <bdi>{fieldValue(value, unitSymbol ?? unit)}</bdi>
                    </td>
                    <td class="num" data-label={t('Age')}>
                      <Age at={at} />
                    </td>
                    <td data-label={t('Last hour')}>{lineOf(history, name, tags)}</td>
                    <td class="num">
                      {typeof value === 'number' && <PinButton pin={{ device: id, field: name, tags: tags ?? '' }} />}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

const sparkMs = 3_600_000;
const sparkEveryMs = 60_000;
const sparkPoints = 60;

/** The last hour of all its fields, again every minute. A page without them is no worse off: the values are there. */
function useSparklines(id: string): HistoryWindow | undefined {
  const [history, setHistory] = useState<HistoryWindow>();
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const once = (): void => {
      timer = setTimeout(once, sparkEveryMs);
      if (document.visibilityState === 'hidden') return;
      const toMs = gatewayNow() + 1_000;
      askHistory(id, [], { fromMs: toMs - sparkMs, toMs }, sparkPoints, { signal: abort.signal }).then(
        setHistory,
        // The chart says what is wrong with the history.
        () => undefined,
      );
    };
    // After what people look at first.
    timer = setTimeout(once, 500);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [id]);
  return history;
}

function lineOf(history: HistoryWindow | undefined, name: string, tags = '') {
  const found = history?.series.find((one) => one.field === name && one.tags === tags && one.type === 'number');
  if (history === undefined || found === undefined || found.times.length < 2) return null;
  const values = 'avg' in found ? found.avg : (found.values as number[]);
  const toMs = Date.parse(history.to);
  return <Sparkline times={found.times} values={values} span={{ fromMs: toMs - sparkMs, toMs }} />;
}

/** New values in their places, new fields after all others. */
function withEvents(fields: FieldNow[], events: readonly LiveEvent[], id: string): FieldNow[] {
  const newest = new Map<string, FieldNow>();
  for (const event of events as readonly MeasurementEvent[]) {
    if (event.event !== 'measurement' || event.deviceId !== id) continue;
    const tags = tagsOf(event);
    for (const { name, value, unit = null } of event.fields) {
      const at = event.time ?? event.receivedAt;
      newest.set(fieldKey(name, tags), {
        name,
        ...(tags !== '' && { tags }),
        value: value as FieldNow['value'],
        unit,
        unitSymbol: null,
        at,
      });
    }
  }
  return newest.size === 0 ? fields : merged(fields, [...newest.values()]);
}

/** What is newer instead of what is there, as far as it is. */
function merged(fields: FieldNow[], news: readonly FieldNow[]): FieldNow[] {
  const left = new Map(news.map((one) => [fieldKey(one.name, one.tags), one]));
  const kept = fields.map((field) => {
    const key = fieldKey(field.name, field.tags);
    const fresh = left.get(key);
    left.delete(key);
    if (fresh === undefined || (field.at ?? '') > (fresh.at ?? '')) return field;
    // The stream tells units as codes; the device tells how people write them.
    return { ...fresh, unitSymbol: fresh.unitSymbol ?? (fresh.unit === field.unit ? field.unitSymbol : null) };
  });
  return [...kept, ...left.values()];
}
