import type { GetFirstRunAnswer } from '../../api/schema.ts';
import { t } from '../../i18n/text.ts';
import { link } from '../../router.ts';
import { Icon } from '../../ui/icon.tsx';

export type StepName = GetFirstRunAnswer['steps'][number]['step'];

export function stepName(step: StepName): string {
  switch (step) {
    case 'password':
      return t('Administrator');
    case 'name':
      return t('Name and time');
    case 'upstream':
      return t('Upstream');
    case 'sensor':
      return t('First sensor');
    case 'summary':
      return t('Done');
  }
}

/** Where one is in the five steps; those that are open to somebody are links. */
export function Steps({ run, here }: { readonly run: GetFirstRunAnswer; readonly here: StepName }) {
  const isSetUp = run.setup === 'done';
  return (
    <ol class="steps" aria-label={t('Steps')}>
      {run.steps.map(({ step, state }, i) => {
        const inside = (
          <>
            <span class="n">{state === 'done' ? <Icon name="check" /> : i + 1}</span>
            <span class="word">{stepName(step)}</span>
            {state === 'skipped' && <span class="hint">{t('left out')}</span>}
          </>
        );
        return (
          <li class={state} key={step} aria-current={step === here ? 'step' : undefined}>
            {isSetUp && step !== 'password' && step !== here ? (
              <a href={link('first-run', step)}>{inside}</a>
            ) : (
              <span>{inside}</span>
            )}
          </li>
        );
      })}
    </ol>
  );
}
