import { useEffect, useState } from 'preact/hooks';
import { ApiProblem, send } from '../../api/ask.ts';
import type { GetRulesAnswer } from '../../api/schema.ts';
import { t } from '../../i18n/text.ts';
import { Problem } from '../../ui/problem.tsx';
import { Notice } from '../../ui/state.tsx';
import { say } from '../../ui/toasts.tsx';
import { config, configError, configSchema, loadConfig } from './config-state.ts';
import { Described } from './described.tsx';
import type { SchemaNode } from './form-model.ts';
import { type Rule, RuleList } from './rule-list.tsx';
import { type Meaning, Means } from './rule-meaning.tsx';
import { RuleOfTopic } from './rule-of-topic.tsx';
import { RulesAsText } from './rules-as-text.tsx';
import { type RuleFault, ruleFaults, rulesText } from './rules-text.ts';

interface Read {
  readonly meanings: readonly Meaning[];
  readonly etag: string;
}

/** The rules: what they mean, in the order in which they are asked; as a form or as text. */
export function Section() {
  const [items, setItems] = useState<SchemaNode>();
  const [read, setRead] = useState<Read>();
  const [error, setError] = useState<unknown>();
  const load = async (): Promise<void> => {
    try {
      const [schema, response] = await Promise.all([configSchema(), send('api/v1/rules'), loadConfig()]);
      const { rules }: GetRulesAnswer = await response.json();
      setItems(schema.properties?.rules?.items ?? {});
      setRead({ meanings: rules, etag: response.headers.get('etag') ?? '*' });
      setError(undefined);
    } catch (problem) {
      setError(problem);
    }
  };
  useEffect(() => void load(), []);
  const view = config.value?.view;
  const failed = error ?? (view === undefined ? configError.value : undefined);
  if (failed !== undefined) return <Problem error={failed} />;
  if (items === undefined || read === undefined || view === undefined)
    return <p class="loading">{t('Asking the gateway …')}</p>;
  const rules = view.config.rules as readonly Rule[];
  // What was read anew is begun with anew.
  return (
    <>
      <Editor key={read.etag} {...{ items, read, rules }} source={view.keys.rules} onSaved={load} />
      <RuleOfTopic />
    </>
  );
}

function Editor({
  items,
  read: { meanings, etag },
  rules,
  source,
  onSaved,
}: {
  readonly items: SchemaNode;
  readonly read: Read;
  readonly rules: readonly Rule[];
  readonly source: { readonly source: string; readonly locked: string | null } | undefined;
  readonly onSaved: () => Promise<void>;
}) {
  const written = rulesText(rules, items);
  const [list, setList] = useState(rules);
  /** Undefined: they are edited as a form. */
  const [text, setText] = useState<string>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const isChanged = text === undefined ? JSON.stringify(list) !== JSON.stringify(rules) : text !== written;
  const faults = error instanceof ApiProblem && error.code === 'request.invalid' ? ruleFaults(error.message) : [];
  const put = async (body: object): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await send('api/v1/rules', { method: 'PUT', body, headers: { 'if-match': etag } });
      say(t('The rules hold, from the next message on.'));
      await onSaved();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  const save = (event: Event): void => {
    event.preventDefault();
    void put(text === undefined ? { rules: list } : { text });
  };
  const isLocked = source !== undefined && source.locked !== null;
  return (
    <form class="stack" onSubmit={save} noValidate aria-label={t('QoS rules')}>
      <div class="row">
        <h2 class="grow">{t('QoS rules')}</h2>
        <fieldset class="segments" aria-label={t('Edit as')}>
          <button
            class="button"
            type="button"
            aria-pressed={text === undefined}
            disabled={text !== undefined && isChanged}
            title={text !== undefined && isChanged ? t('Save or discard the text first') : undefined}
            onClick={() => setText(undefined)}
          >
            {t('Form')}
          </button>
          <button
            class="button"
            type="button"
            aria-pressed={text !== undefined}
            onClick={() => setText(text ?? rulesText(list, items))}
          >
            {t('Text')}
          </button>
        </fieldset>
      </div>
      <p class="hint">
        {t(
          'How urgent a message is, how long it is kept, and what gives way when there is no room. The first rule that matches holds.',
        )}
      </p>
      {source?.source === 'collector' && <Notice title={t('These rules were set by the collector.')} />}
      {isLocked && (
        <Notice tone="warn" title={t('They can’t be changed here:')}>
          {source.locked}
        </Notice>
      )}
      {text === undefined ? (
        <RuleList {...{ list, items, faults, meanings, rules, isLocked }} onChange={setList} />
      ) : (
        <RulesAsText {...{ text, faults, isLocked }} onChange={setText} />
      )}
      {meanings
        .filter(({ isBuiltIn }) => isBuiltIn)
        .map((meaning) => (
          <section class="card" key={meaning.name}>
            <header>
              <h3>{meaning.name}</h3>
              <span class="hint">{t('always there')}</span>
            </header>
            <Means meaning={meaning} />
          </section>
        ))}
      {(isChanged || error !== undefined) && (
        <div class="save-bar card">
          {error !== undefined && (
            <Refused error={error} faults={faults} isListed={text !== undefined} onReload={onSaved} />
          )}
          <div class="row">
            <strong class="grow">{t('Changed, and not saved')}</strong>
            <button
              class="button"
              type="button"
              onClick={() => {
                setList(rules);
                setText(text === undefined ? undefined : written);
                setError(undefined);
              }}
            >
              {t('Discard')}
            </button>
            <button class="button primary" type="submit" disabled={isBusy || isLocked}>
              {t('Save')}
            </button>
          </div>
        </div>
      )}
      {!isChanged && !isLocked && (source?.source === 'here' || source?.source === 'collector') && (
        <div class="row">
          <button class="button" type="button" disabled={isBusy} onClick={() => put({ text: '' })}>
            {t('Back to what the file says')}
          </button>
        </div>
      )}
    </form>
  );
}

function Refused({
  error,
  faults,
  isListed,
  onReload,
}: {
  readonly error: unknown;
  readonly faults: readonly RuleFault[];
  /** They are told elsewhere, with their places. */
  readonly isListed: boolean;
  readonly onReload: () => Promise<void>;
}) {
  if (error instanceof ApiProblem && error.code === 'precondition.failed')
    return (
      <Notice tone="warn" title={t('Somebody else has changed the rules meanwhile')}>
        <span>{t('Nothing of yours is saved. Copy what you need from the text, then begin with theirs.')}</span>
        <div class="row">
          <button class="button" type="button" onClick={() => void onReload()}>
            {t('Discard mine, and show theirs')}
          </button>
        </div>
      </Notice>
    );
  if (faults.length === 0) return <Problem error={error} />;
  return (
    <Notice tone="bad" title={t('Nothing is saved: some of it can’t be')}>
      {!isListed && (
        <ul>
          {faults.map(({ message }) => (
            <li key={message}>
              <Described text={message} />
            </li>
          ))}
        </ul>
      )}
    </Notice>
  );
}
