import type { GetGatewayAnswer } from '../../api/schema.ts';
import { t } from '../../i18n/text.ts';
import { askShown } from '../../state/preferences.ts';
import { Problem } from '../../ui/problem.tsx';
import { say } from '../../ui/toasts.tsx';
import { useAnswer } from '../../ui/use-answer.ts';
import { NameStep } from '../first-run/name-step.tsx';

/** What the gateway is called, where it is, in which units it speaks, and what time it is there. */
export function Section() {
  const [answer, again] = useAnswer<GetGatewayAnswer>('api/v1/gateway');
  return (
    <>
      <h2>{t('Gateway')}</h2>
      {answer.state === 'asking' && <p class="loading">{t('Asking the gateway …')}</p>}
      {answer.state === 'failed' && <Problem error={answer.error} />}
      {answer.state === 'here' && (
        <section class="card">
          <NameStep
            gateway={answer.value}
            action={t('Save')}
            onDone={async () => {
              say(t('It is saved.'));
              again();
              await askShown();
            }}
          />
        </section>
      )}
    </>
  );
}
