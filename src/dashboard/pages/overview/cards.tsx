import type { GetAlarmsAnswer, GetTopicsAnswer } from '../../api/schema.ts';
import { plural, t } from '../../i18n/text.ts';
import { link } from '../../router.ts';
import { Age } from '../../ui/age.tsx';
import { Icon } from '../../ui/icon.tsx';
import { SeverityWord } from '../../ui/severity.tsx';
import { useAnswer } from '../../ui/use-answer.ts';
import { useLive } from '../../ui/use-live.ts';

/** Alarms that are raised now, the worst first. */
export function Alarms() {
  const [answer, again] = useAnswer<GetAlarmsAnswer>('api/v1/alarms', { state: 'open', limit: 5 });
  useLive({ kinds: ['alarm'] }, again, again);
  if (answer.state !== 'here' || answer.value.total === 0) return null;
  const { alarms, total } = answer.value;
  return (
    <section class="card">
      <header>
        <h2>{plural(total, '{n} alarm', '{n} alarms')}</h2>
        <a href={link('alarms')}>{t('All alarms')}</a>
      </header>
      <ul class="stack">
        {alarms.map(({ id, severity, name, text, raisedAt, since }) => (
          <li class="row raised" key={id}>
            <SeverityWord severity={severity} />
            <span class="grow">
              <strong dir="auto">{name}</strong>{' '}
              <span lang="en" dir="auto">
                {text}
              </span>
            </span>
            <Age at={raisedAt ?? since} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Topics that nobody decided about yet. */
export function NewTopics() {
  const [answer, again] = useAnswer<GetTopicsAnswer>('api/v1/topics', { state: 'unknown,suggested', limit: 1 }, 60_000);
  useLive({ kinds: ['discovery'] }, again, again);
  if (answer.state !== 'here' || answer.value.total === 0) return null;
  return (
    <a class="card tile" href={link('discover')}>
      <span class="row">
        <Icon name="discover" />
        <strong class="grow">
          {plural(answer.value.total, '{n} kind of topic is not known', '{n} kinds of topics are not known')}
        </strong>
        <Icon name="arrow" />
      </span>
      <span class="hint">
        {t('Their messages are kept as they came. Say what they mean, and their values get names and units.')}
      </span>
    </a>
  );
}
