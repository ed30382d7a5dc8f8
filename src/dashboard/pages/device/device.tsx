import './device.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiProblem } from '../../api/ask.ts';
import { t } from '../../i18n/text.ts';
import type { LiveEvent, MeasurementEvent } from '../../live/protocol.ts';
import { link, place } from '../../router.ts';
import { Problem } from '../../ui/problem.tsx';
import type { Rule } from '../../ui/rule.ts';
import { Empty } from '../../ui/state.tsx';
import { useAnswer } from '../../ui/use-answer.ts';
import { useLive } from '../../ui/use-live.ts';
import { type Device, wishFor } from './about.ts';
import { Alarms } from './alarms.tsx';
import { DeviceChart } from './device-chart.tsx';
import { Facts } from './facts.tsx';
import { firstField } from './field-keys.ts';
import { Fields } from './fields.tsx';
import { Head } from './head.tsx';
import { type Chosen, keepChosen, recallChosen, usualWindowMs } from './remembered.ts';

/** One device: what it says, what becomes of it, and what it can be told. */
export function Page() {
  const id = place.value.rest[0] ?? '';
  return <One id={id} key={id} />;
}

function One({ id }: { readonly id: string }) {
  const [answer, again] = useAnswer<Device>(`api/v1/devices/${encodeURIComponent(id)}`);
  const known = useRef(new Set<string>());
  if (answer.state === 'here') known.current = new Set(answer.value.fields.map(({ name }) => name));
  const hear = (events: readonly LiveEvent[]): void => {
    const own = events.filter(({ deviceId }) => deviceId === id);
    const isChanged = own.some(({ event }) => event === 'device');
    // Of a new field the gateway knows how people write its unit.
    const names = own.flatMap((one) => (one.event === 'measurement' ? (one as MeasurementEvent).fields : []));
    const isNew = names.some(({ name }) => !known.current.has(name));
    for (const { name } of names) known.current.add(name);
    if (isChanged || isNew) again();
  };
  useLive(wishFor(id), hear, again);
  if (answer.state === 'asking') return <p class="loading">{t('Asking the gateway …')}</p>;
  if (answer.state === 'failed') return <Nowhere error={answer.error} again={again} />;
  return <Known device={answer.value} error={answer.error} again={again} />;
}

const againMs = 3_000;
/** The chart comes first, on a slow machine too. */
const restAfterMs = 300;

function Nowhere({ error, again }: { readonly error: unknown; readonly again: () => void }) {
  const isUnknown = error instanceof ApiProblem && error.code === 'device.unknown';
  useEffect(() => {
    if (isUnknown) return;
    const timer = setTimeout(again, againMs);
    return () => clearTimeout(timer);
  }, [error]);
  if (!isUnknown) return <Problem error={error} />;
  return (
    <Empty title={t('There is no such device.')}>
      <p>{t('It may have been forgotten; with its next message it is listed again.')}</p>
      <a class="button" href={link('devices')}>
        {t('To the devices')}
      </a>
    </Empty>
  );
}

function Known({
  device,
  error,
  again,
}: {
  readonly device: Device;
  readonly error: unknown;
  readonly again: () => void;
}) {
  const { id, fields } = device;
  const [kept, setKept] = useState(() => recallChosen(id));
  const chosen: Chosen = kept ?? { fields: firstField(fields), windowMs: usualWindowMs };
  const [rules, setRules] = useState<readonly Rule[]>([]);
  const [rest, setRest] = useState<typeof import('./rest.tsx') | { readonly error: unknown }>();
  useEffect(() => {
    const timer = setTimeout(() => import('./rest.tsx').then(setRest, (error) => setRest({ error })), restAfterMs);
    return () => clearTimeout(timer);
  }, []);
  const choose = (some: Partial<Chosen>): void => {
    const next = { ...chosen, ...some };
    setKept(next);
    keepChosen(id, next);
  };
  return (
    <>
      <Head device={device} again={again} />
      {error !== undefined && <Problem error={error} />}
      <div class="device-top">
        <DeviceChart device={device} chosen={chosen} onChoose={choose} rules={rules} />
        <div class="stack">
          <Alarms id={id} />
          <Facts device={device} />
        </div>
      </div>
      <Fields device={device} chosen={chosen} onChoose={choose} />
      {rest !== undefined && 'Rest' in rest && <rest.Rest device={device} onRules={setRules} />}
      {rest !== undefined && 'error' in rest && <Problem error={rest.error} />}
    </>
  );
}
