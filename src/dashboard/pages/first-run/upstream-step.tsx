import './stages.css';
import { useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { PostUplinkApplyAnswer, PostUplinkTestAnswer } from '../../api/schema.ts';
import { dateTime, number } from '../../i18n/format.ts';
import { t } from '../../i18n/text.ts';
import { refresh, status } from '../../state/status.ts';
import { Field } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';
import { Notice, State } from '../../ui/state.tsx';
import { UplinkWord } from '../../ui/uplink-word.tsx';

/** Where records go from here; later is fine: they are kept. */
export function UpstreamStep({
  onDone,
  onSkip,
  onApplied,
}: {
  readonly onDone: () => Promise<void>;
  /** Absent: it is no step, and nothing follows. */
  readonly onSkip?: () => Promise<void>;
  /** It is set, and may hold after a restart only; told in place of what this tells of that. */
  readonly onApplied?: () => Promise<void>;
}) {
  const uplink = status.value?.uplink;
  const [url, setUrl] = useState('');
  const [token, setToken] = useState('');
  const [ca, setCa] = useState('');
  const [test, setTest] = useState<PostUplinkTestAnswer>();
  const [applied, setApplied] = useState<PostUplinkApplyAnswer>();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const body = { url: url.trim(), ...(token !== '' && { enrolToken: token.trim() }), ...(ca !== '' && { ca }) };
  const busy = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await work();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  const tryIt = (event: Event): void => {
    event.preventDefault();
    setTest(undefined);
    void busy(async () => setTest(await ask('api/v1/uplink/test', { method: 'POST', body })));
  };
  const apply = (): void => {
    void busy(async () => {
      const answer = await ask<PostUplinkApplyAnswer>('api/v1/uplink/apply', { method: 'POST', body });
      if (onApplied === undefined) setApplied(answer);
      else await onApplied();
      await refresh();
      if (answer.pending.length === 0) await onDone();
    });
  };
  return (
    <form class="stack" onSubmit={tryIt}>
      {onSkip !== undefined && (
        <p>
          {t(
            'Records go on to a collector. Until there is one, they are kept here, and sent as soon as there is: nothing is lost by doing this later.',
          )}
        </p>
      )}
      {uplink !== undefined && (
        <p class="row">
          <span class="hint">{t('Now: {url}', { url: uplink.url })}</span> <UplinkWord uplink={uplink} />
        </p>
      )}
      <Field label={t('Address of the collector')} hint={t('As in https://collector.example.org:50052')}>
        <input name="url" type="url" required value={url} onInput={(e) => setUrl(e.currentTarget.value)} />
      </Field>
      <Field
        label={t('Enrolment token')}
        hint={t('Who runs the collector gives it to you. It is used once, for a certificate of this gateway’s own.')}
      >
        <input name="token" autocomplete="off" value={token} onInput={(e) => setToken(e.currentTarget.value)} />
      </Field>
      <details>
        <summary>{t('The collector’s certificate is signed by an authority of its own')}</summary>
        <Field label={t('Certificate of the authority (PEM)')}>
          <textarea name="ca" rows={5} value={ca} onInput={(e) => setCa(e.currentTarget.value)} />
        </Field>
      </details>
      {test !== undefined && <Stages test={test} />}
      {applied !== undefined && applied.pending.length > 0 && <Pending applied={applied} />}
      {error !== undefined && <Problem error={error} />}
      <div class="row">
        <button class="button" type="submit" disabled={isBusy}>
          {t('Test the connection')}
        </button>
        <span class="grow" />
        {onSkip !== undefined && (
          <button class={`button ${test?.isOk ? '' : 'primary'}`} type="button" onClick={onSkip} disabled={isBusy}>
            {t('Later')}
          </button>
        )}
        {applied !== undefined ? (
          <button class="button primary" type="button" onClick={onDone}>
            {t('Continue')}
          </button>
        ) : (
          test?.isOk && (
            <button class="button primary" type="button" onClick={apply} disabled={isBusy}>
              {t('Use it')}
            </button>
          )
        )}
      </div>
    </form>
  );
}

/** What the test found, stage by stage. */
function Stages({ test }: { readonly test: PostUplinkTestAnswer }) {
  const { stages, certificate } = test;
  return (
    <ol class="stages">
      {stages.map(({ stage, state, ms, detail, advice }) => (
        <li key={stage}>
          <State tone={state === 'ok' ? 'good' : state === 'failed' ? 'bad' : 'idle'}>{stageName(stage)}</State>
          <span class="grow">
            {detail}
            {ms !== null && state === 'ok' && <span class="hint"> {t('{n} ms', { n: number(Math.round(ms)) })}</span>}
            {advice !== null && <span class="block hint">{advice}</span>}
            {stage === 'tls' && certificate !== null && (
              <span class="block hint">
                {t('From {issuer}, good until {time}', {
                  issuer: certificate.issuer,
                  time: dateTime(Date.parse(certificate.expiresAt)),
                })}
              </span>
            )}
          </span>
        </li>
      ))}
    </ol>
  );
}

function stageName(stage: PostUplinkTestAnswer['stages'][number]['stage']): string {
  switch (stage) {
    case 'dns':
      return t('Name');
    case 'tcp':
      return t('Connection');
    case 'tls':
      return t('Encryption');
    case 'auth':
      return t('Let in');
    case 'echo':
      return t('Answer');
  }
}

function Pending({ applied: { restart } }: { readonly applied: PostUplinkApplyAnswer }) {
  const [error, setError] = useState<unknown>();
  return (
    <Notice tone="warn" title={t('It holds after the gateway’s next start')}>
      {restart.isPossible ? (
        <div class="row">
          <button
            class="button"
            type="button"
            onClick={() => ask('api/v1/restart', { method: 'POST' }).catch(setError)}
          >
            {t('Start it anew')}
          </button>
        </div>
      ) : (
        restart.reason !== null && <span>{restart.reason}</span>
      )}
      {error !== undefined && <Problem error={error} />}
    </Notice>
  );
}
