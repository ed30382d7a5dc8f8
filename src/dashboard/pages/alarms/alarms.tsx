import './alarms.css';
import { useEffect, useState } from 'preact/hooks';
import { plural, t } from '../../i18n/text.ts';
import { place, setQuery } from '../../router.ts';
import { status } from '../../state/status.ts';
import { Problem } from '../../ui/problem.tsx';
import { Empty } from '../../ui/state.tsx';
import { sayProblem } from '../../ui/toasts.tsx';
import { Acknowledge, mayAcknowledge } from './acknowledge.tsx';
import { BuiltIns, Webhook } from './built-in.tsx';
import { History } from './history.tsx';
import type { Alarm } from './list.ts';
import { notifying, turnNotifying } from './notify.ts';
import { AlarmRow } from './row.tsx';
import { Rules } from './rules.tsx';
import { useOpenAlarms } from './use-alarms.ts';

const step = 100;

/** What is wrong, what was, and what is watched over. */
export function Page() {
  return (
    <>
      <div class="page-head">
        <h1>{t('Alarms')}</h1>
        <Notify />
      </div>
      <Open />
      <Rules />
      <History />
      <Webhook />
      <BuiltIns />
    </>
  );
}

function Open() {
  const isPending = place.value.query.state === 'pending';
  const [limit, setLimit] = useState(step);
  const state = isPending ? 'pending' : 'open';
  const { alarms, left, error, take } = useOpenAlarms(state, limit);
  const [known, setKnown] = useState<Alarm>();
  const pending = status.value?.alarms.pending ?? 0;
  useEffect(() => setLimit(step), [state]);
  return (
    <section class="card" aria-labelledby="alarm-open">
      <header>
        <h2 id="alarm-open">{isPending ? t('Wrong, not for long enough yet') : t('Now')}</h2>
        {(isPending || pending > 0) && (
          <button
            class="button"
            type="button"
            aria-pressed={isPending}
            onClick={() => setQuery({ state: isPending ? undefined : 'pending' })}
          >
            {plural(pending, '{n} is pending', '{n} are pending')}
          </button>
        )}
      </header>
      {error !== undefined && <Problem error={error} />}
      {alarms === undefined && error === undefined && <p class="loading">{t('Asking the gateway …')}</p>}
      {alarms?.length === 0 && (
        <Empty title={t('No alarms')}>
          <p>{t('What is wrong is listed here as soon as it is.')}</p>
        </Empty>
      )}
      {alarms !== undefined && alarms.length > 0 && (
        <ul class="alarm-list now">
          {alarms.map((alarm) => (
            <AlarmRow
              alarm={alarm}
              key={alarm.id}
              onAcknowledge={mayAcknowledge(alarm) ? () => setKnown(alarm) : undefined}
            />
          ))}
        </ul>
      )}
      {left > 0 && (
        <button class="button" type="button" onClick={() => setLimit((n) => n + step)}>
          {plural(left, '{n} more', '{n} more')}
        </button>
      )}
      {known !== undefined && <Acknowledge alarm={known} onClose={() => setKnown(undefined)} onDone={take} />}
    </section>
  );
}

function Notify() {
  switch (notifying.value) {
    case 'impossible':
      return null;
    case 'refused':
      return <span class="hint">{t('This browser does not let Headgate notify you.')}</span>;
    case 'off':
    case 'on':
      return (
        <button
          class="button"
          type="button"
          aria-pressed={notifying.value === 'on'}
          onClick={() => turnNotifying().catch(sayProblem)}
        >
          {t('Notify me in this browser')}
        </button>
      );
  }
}
