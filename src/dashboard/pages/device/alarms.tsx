import type { GetAlarmsAnswer } from '../../api/schema.ts';
import { t } from '../../i18n/text.ts';
import { link } from '../../router.ts';
import { Age } from '../../ui/age.tsx';
import { Notice } from '../../ui/state.tsx';
import { useAnswer } from '../../ui/use-answer.ts';
import { useLive } from '../../ui/use-live.ts';
import { wishFor } from './about.ts';

/** What is wrong with it now. */
export function Alarms({ id }: { readonly id: string }) {
  const [answer, again] = useAnswer<GetAlarmsAnswer>('api/v1/alarms', { device: id, limit: 5 });
  useLive(wishFor(id), (events) => events.some(({ event }) => event === 'alarm') && again(), again);
  // That alarms can't be asked for is said where they are listed.
  if (answer.state !== 'here') return null;
  return (
    <>
      {answer.value.alarms.map(({ id, severity, name, text, raisedAt }) => (
        <Notice tone={severity === 'critical' ? 'bad' : 'warn'} title={name} key={id}>
          <span class="row">
            <bdi>{text}</bdi>
            <Age at={raisedAt} />
            <a href={link('alarms')}>{t('Alarms')}</a>
          </span>
        </Notice>
      ))}
    </>
  );
}
