import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { PostProfilesPreviewAnswer } from '../../api/schema.ts';
import { t } from '../../i18n/text.ts';
import { go, link } from '../../router.ts';
import { isAdmin } from '../../state/session.ts';
import { Icon } from '../../ui/icon.tsx';
import { Problem } from '../../ui/problem.tsx';
import { saveText } from '../../ui/save.ts';
import { Notice } from '../../ui/state.tsx';
import { say, sayProblem } from '../../ui/toasts.tsx';
import type { Sample } from './profile-start.tsx';
import { isUncounted, lineCount, offsetIn, pathOf } from './profile-text.ts';
import { TrialResult } from './trial.tsx';

export type Trial = PostProfilesPreviewAnswer;

/** Counts what is had back after it was removed: whoever lists profiles asks again. */
export const broughtBack = signal(0);

/** Somebody is still typing. */
const pauseMs = 400;

/** A profile's text; beside it what is wrong in it, or what its messages become. */
export function ProfileEditor({
  start,
  sample,
}: {
  readonly start: { readonly name: string; readonly text: string };
  readonly sample: Sample | undefined;
}) {
  const { name } = start;
  const [text, setText] = useState(start.text);
  const [trial, setTrial] = useState<Trial>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const numbers = useRef<HTMLPreElement>(null);
  const path = pathOf(name);
  const isKnown = sample === undefined;
  useEffect(() => {
    if (!isAdmin()) return;
    const abort = new AbortController();
    const body = { name, text, ...(sample && messageOf(sample)) };
    const timer = setTimeout(
      () => {
        ask<Trial>('api/v1/profiles/preview', { method: 'POST', body, signal: abort.signal }).then(
          (answer) => {
            setTrial(answer);
            setError(undefined);
          },
          (problem) => abort.signal.aborted || setError(problem),
        );
      },
      trial === undefined ? 0 : pauseMs,
    );
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text]);
  const save = async (): Promise<void> => {
    setBusy(true);
    try {
      const { file } = await ask<{ file: string }>(path, { method: 'PUT', body: { text } });
      say(t('The profile is saved in {file}, and holds from the next message on.', { file }));
      go(link('discover', 'profile'));
    } catch (problem) {
      sayProblem(problem);
      setBusy(false);
    }
  };
  const remove = async (): Promise<void> => {
    try {
      await ask(path, { method: 'DELETE' });
      const undo = () => {
        ask(path, { method: 'PUT', body: { text: start.text } }).then(() => broughtBack.value++, sayProblem);
      };
      say(t('{name} is removed.', { name }), { undo });
      go(link('discover', 'profile'));
    } catch (problem) {
      sayProblem(problem);
    }
  };
  const show = (line: number, column: number): void => {
    const at = offsetIn(text, line, column);
    area.current?.focus();
    area.current?.setSelectionRange(at, at + 1);
  };
  const bad = new Set(trial?.faults.map(({ line }) => line));
  const isRight = trial !== undefined && trial.faults.length === 0;
  return (
    <>
      <div class="row">
        <h2 class="grow mono" dir="auto">
          {name}
        </h2>
        <button
          class="button"
          type="button"
          onClick={() => saveText(`${name.replace('/', '-')}.yaml`, text, 'text/yaml')}
        >
          <Icon name="download" />
          {t('Download')}
        </button>
        {isAdmin() && isKnown && (
          <button class="button danger" type="button" onClick={remove}>
            {t('Remove')}
          </button>
        )}
        {isAdmin() && (
          <button class="button primary" type="button" onClick={save} disabled={isBusy || !isRight}>
            {t('Save')}
          </button>
        )}
      </div>
      <div class="bench">
        <div class="editor">
          <pre aria-hidden="true" ref={numbers}>
            {Array.from({ length: lineCount(text) }, (_, index) => (
              <span class={bad.has(index + 1) ? 'bad' : undefined} key={index}>
                {index + 1}
              </span>
            ))}
          </pre>
          <textarea
            ref={area}
            aria-label={t('The profile, in YAML')}
            wrap="off"
            rows={26}
            spellcheck={false}
            autocapitalize="off"
            readOnly={!isAdmin()}
            value={text}
            onInput={(e) => setText(e.currentTarget.value)}
            onScroll={(e) => {
              if (numbers.current !== null) numbers.current.scrollTop = e.currentTarget.scrollTop;
            }}
          />
        </div>
        <div class="stack">
          {error !== undefined && <Problem error={error} />}
          {isKnown && isUncounted(start.text, text) && (
            <Notice title={t('Count `version` up')}>{t('Records say by which version they were decoded.')}</Notice>
          )}
          {trial !== undefined && <TrialResult trial={trial} hasMessage={sample !== undefined} onShow={show} />}
        </div>
      </div>
    </>
  );
}

function messageOf({ topic, payload, isHex }: Sample): object {
  return { topic, ...(isHex ? { payloadHex: payload } : { payload }) };
}
