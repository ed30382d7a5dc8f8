import './first-run.css';
import { useEffect } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { GetFirstRunAnswer, GetGatewayAnswer } from '../../api/schema.ts';
import { t } from '../../i18n/text.ts';
import icon from '../../icon.svg';
import { go, link, place } from '../../router.ts';
import { session } from '../../state/session.ts';
import { useOfStatus } from '../../state/status.ts';
import { Problem } from '../../ui/problem.tsx';
import { sayProblem } from '../../ui/toasts.tsx';
import { useAnswer } from '../../ui/use-answer.ts';
import { NameStep } from './name-step.tsx';
import { PasswordStep } from './password-step.tsx';
import { SensorStep } from './sensor-step.tsx';
import { type StepName, Steps, stepName } from './steps.tsx';
import { SummaryStep } from './summary-step.tsx';
import { UpstreamStep } from './upstream-step.tsx';

/** From a gateway that nobody has set up to the first value, in five steps; each is kept as soon as it is done. */
export function Page() {
  const [run, again] = useAnswer<GetFirstRunAnswer>('api/v1/first-run');
  if (run.state === 'failed') return <Problem error={run.error} />;
  if (run.state === 'asking') return <p class="loading">{t('Asking the gateway …')}</p>;
  const here = stepIn(run.value);
  return (
    <main class="wizard stack" id="main">
      <p class="brand">
        <img src={icon} alt="" />
        Headgate
      </p>
      <Steps run={run.value} here={here} />
      <section class="card">
        <h1>{stepName(here)}</h1>
        <Step run={run.value} here={here} again={again} />
      </section>
      {session.value.state === 'signed-in' && (
        <p>
          <a href={link('overview')}>{t('Leave it for now: this can be gone on with at any time.')}</a>
        </p>
      )}
    </main>
  );
}

/** The one that the address names, if it is open to somebody; else the next. */
function stepIn(run: GetFirstRunAnswer): StepName {
  if (run.setup !== 'done') return 'password';
  const [named] = place.value.rest;
  const known = run.steps.find(({ step }) => step === named && step !== 'password');
  return known?.step ?? run.next ?? 'summary';
}

function Step({
  run,
  here,
  again,
}: {
  readonly run: GetFirstRunAnswer;
  readonly here: StepName;
  readonly again: () => void;
}) {
  if (here === 'password') return <PasswordStep needsCode={run.setup === 'code'} onDone={again} />;
  return <LaterStep run={run} here={here} again={again} />;
}

/** A step of somebody who is signed in. */
function LaterStep({
  run,
  here,
  again,
}: {
  readonly run: GetFirstRunAnswer;
  readonly here: StepName;
  readonly again: () => void;
}) {
  useEffect(useOfStatus, []);
  const [gateway] = useAnswer<GetGatewayAnswer>('api/v1/gateway');
  const end = (state: 'done' | 'skipped') => async (): Promise<void> => {
    try {
      await ask(`api/v1/first-run/${here}`, { method: 'PUT', body: { state } });
      const next = run.steps[run.steps.findIndex(({ step }) => step === here) + 1];
      go(next === undefined ? link('overview') : link('first-run', next.step));
      again();
    } catch (error) {
      sayProblem(error);
    }
  };
  if (gateway.state === 'failed') return <Problem error={gateway.error} />;
  if (gateway.state === 'asking') return <p class="loading">{t('Asking the gateway …')}</p>;
  switch (here) {
    case 'name':
      return <NameStep gateway={gateway.value} onDone={end('done')} />;
    case 'upstream':
      return <UpstreamStep onDone={end('done')} onSkip={end('skipped')} />;
    case 'sensor':
      return <SensorStep gateway={gateway.value} onDone={end('done')} onSkip={end('skipped')} />;
    default:
      return <SummaryStep run={run} gateway={gateway.value} onDone={end('done')} />;
  }
}
