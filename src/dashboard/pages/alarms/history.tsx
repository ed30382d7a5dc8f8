import { useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { GetAlarmsAnswer } from '../../api/schema.ts';
import { plural, t } from '../../i18n/text.ts';
import { Problem } from '../../ui/problem.tsx';
import { Empty } from '../../ui/state.tsx';
import { sayProblem } from '../../ui/toasts.tsx';
import { useAnswer } from '../../ui/use-answer.ts';
import { useLive } from '../../ui/use-live.ts';
import type { Alarm } from './list.ts';
import { AlarmRow } from './row.tsx';

const pageSize = 20;
const query = { state: 'history', limit: pageSize };

/** Alarms that are over, the newest first; others that end meanwhile are offered. */
export function History() {
  const [answer, again] = useAnswer<GetAlarmsAnswer>('api/v1/alarms', query);
  const [ended, setEnded] = useState(0);
  const [older, setOlder] = useState<{ readonly alarms: readonly Alarm[]; readonly next: string | null }>();
  const fresh = (): void => {
    setEnded(0);
    setOlder(undefined);
    again();
  };
  useLive(
    { kinds: ['alarm'] },
    (events) => setEnded((n) => n + events.filter(({ change }) => change === 'cleared').length),
    // How many ended is not known then.
    fresh,
  );
  if (answer.state === 'asking') return <p class="loading">{t('Loading …')}</p>;
  if (answer.state === 'failed') return <Problem error={answer.error} />;
  const { alarms, next: first, total } = answer.value;
  const all = [...alarms, ...(older?.alarms ?? [])];
  const next = older === undefined ? first : older.next;
  const more = (): void => {
    ask<GetAlarmsAnswer>('api/v1/alarms', { query: { ...query, after: next ?? undefined } }).then(
      (page) => setOlder({ alarms: [...(older?.alarms ?? []), ...page.alarms], next: page.next }),
      sayProblem,
    );
  };
  return (
    <section class="card" aria-labelledby="alarm-history">
      <header>
        <h2 id="alarm-history">{t('History')}</h2>
        <span class="row">
          {ended > 0 && (
            <button class="button" type="button" onClick={fresh}>
              {plural(ended, '{n} more is over', '{n} more are over')}
            </button>
          )}
          {total > 0 && <span class="hint">{plural(total, '{n} is over', '{n} are over')}</span>}
        </span>
      </header>
      {all.length === 0 ? (
        <Empty title={t('No alarm is over yet.')} />
      ) : (
        <ul class="alarm-list">
          {all.map((alarm) => (
            <AlarmRow alarm={alarm} key={alarm.id} />
          ))}
        </ul>
      )}
      {next !== null && (
        <button class="button" type="button" onClick={more}>
          {t('Older ones')}
        </button>
      )}
    </section>
  );
}
