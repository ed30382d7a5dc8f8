import { useState } from 'preact/hooks';
import { ApiProblem, ask } from '../../api/ask.ts';
import type { GetApplianceAnswer } from '../../api/schema.ts';
import { bytes } from '../../i18n/format.ts';
import { t } from '../../i18n/text.ts';
import { Field } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';
import { Notice } from '../../ui/state.tsx';

type UpdateState = GetApplianceAnswer['update'];

/** Another version: from a file of whoever sits here, or from an address that the machine reaches. */
export function Update({ update, onBegun }: { readonly update: UpdateState; readonly onBegun: () => void }) {
  const [file, setFile] = useState<File>();
  const [url, setUrl] = useState('');
  const [isSending, setSending] = useState(false);
  const [error, setError] = useState<unknown>();
  const begin = async (event: Event): Promise<void> => {
    event.preventDefault();
    setError(undefined);
    setSending(true);
    const path = 'api/v1/appliance/update';
    const sent =
      file === undefined
        ? ask(path, { method: 'POST', body: { url: url.trim() } })
        : ask(path, { method: 'POST', file, query: { name: file.name } });
    // It is told of while it is on its way.
    setTimeout(onBegun, 300);
    try {
      await sent;
    } catch (problem) {
      setError(problem);
    }
    setSending(false);
    // The form is another one now, without a file in it.
    setFile(undefined);
    onBegun();
  };
  const isUnderWay = ['receiving', 'verifying', 'installing'].includes(update.step);
  // What was wrong with it is told by its state too: once is enough, and in the words that came last.
  const isTold = update.step === 'failed' && (error === undefined || isOf(update, error));
  return (
    <section class="card" aria-busy={isUnderWay}>
      <h3>{t('Install another version')}</h3>
      {isUnderWay || isSending ? (
        <Progress update={update} />
      ) : (
        <>
          {isTold && update.step === 'failed' && (
            <Notice tone="bad" title={update.error.detail} lang="en">
              <span lang="en">{update.error.advice}</span>
            </Notice>
          )}
          {error !== undefined && !isTold && <Problem error={error} />}
          <form class="stack" onSubmit={begin}>
            <Field
              label={t('Update bundle (.raucb)')}
              hint={t('It has to be for this kind of machine, and signed by whoever its image came from.')}
            >
              <input type="file" accept=".raucb" onChange={(e) => setFile(e.currentTarget.files?.[0])} />
            </Field>
            {file === undefined && (
              <Field label={t('Or its address')}>
                <input
                  type="url"
                  inputmode="url"
                  autocomplete="off"
                  placeholder="https://"
                  value={url}
                  onInput={(e) => setUrl(e.currentTarget.value)}
                />
              </Field>
            )}
            <div class="row">
              <button class="button primary" type="submit" disabled={file === undefined && url.trim() === ''}>
                {t('Install')}
              </button>
            </div>
          </form>
        </>
      )}
    </section>
  );
}

function isOf({ error }: Extract<UpdateState, { step: 'failed' }>, problem: unknown): boolean {
  return problem instanceof ApiProblem && (problem.message === error.detail || problem.code === 'gateway.unreachable');
}

function Progress({ update }: { readonly update: UpdateState }) {
  const { text, share } = progressOf(update);
  return (
    <div class="stack">
      <p>{text}</p>
      <progress {...(share !== undefined && { value: share })} max={1} aria-label={t('Install another version')} />
      <p class="hint">{t('The gateway goes on meanwhile. You may leave this page once the bundle is there.')}</p>
    </div>
  );
}

/** What is told of it, and how much of its step is done. */
function progressOf(update: UpdateState): { readonly text: string; readonly share?: number } {
  switch (update.step) {
    case 'receiving':
      return update.totalBytes === null
        ? { text: t('The bundle comes in: {size}', { size: bytes(update.bytes) }) }
        : {
            text: t('The bundle comes in: {size} of {all}', {
              size: bytes(update.bytes),
              all: bytes(update.totalBytes),
            }),
            share: update.bytes / Math.max(1, update.totalBytes),
          };
    case 'installing': {
      const values = { version: update.version, percent: update.percent };
      return {
        text: update.isOlder
          ? t('Version {version}, which is older than the one that runs, is being installed: {percent} %', values)
          : t('Version {version} is being installed: {percent} %', values),
        share: update.percent / 100,
      };
    }
    default:
      return { text: t('The bundle is being checked …') };
  }
}
