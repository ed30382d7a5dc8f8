import { useEffect, useState } from 'preact/hooks';
import { ApiProblem } from '../../api/ask.ts';
import { plural, t } from '../../i18n/text.ts';
import { link, place } from '../../router.ts';
import { Field } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';
import { Empty, Notice } from '../../ui/state.tsx';
import { say } from '../../ui/toasts.tsx';
import { ConfigKey } from './config-key.tsx';
import { type ConfigView, config, configError, configSchema, loadConfig, patchConfig } from './config-state.ts';
import { Described } from './described.tsx';
import { type FormGroup, groupsOf, isMatch, isUnder, patchOf, type SchemaNode } from './form-model.ts';

/** Every key of the configuration, as a form that is made of its schema. */
export function Section() {
  const [schema, setSchema] = useState<SchemaNode>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    configSchema().then(setSchema, setError);
  }, []);
  const view = config.value?.view;
  const failed = error ?? (view === undefined ? configError.value : undefined);
  if (failed !== undefined) return <Problem error={failed} />;
  if (schema === undefined || view === undefined) return <p class="loading">{t('Asking the gateway …')}</p>;
  return <Form groups={groupsOf(schema)} view={view} />;
}

type Shown = 'all' | 'set' | 'pending';

function Form({ groups, view }: { readonly groups: readonly FormGroup[]; readonly view: ConfigView }) {
  const [words, setWords] = useState(place.value.query.search ?? '');
  const [shown, setShown] = useState<Shown>('all');
  const [drafts, setDrafts] = useState<ReadonlyMap<string, unknown>>(new Map());
  const [faults, setFaults] = useState<ReadonlyMap<string, string>>(new Map());
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const draft = (key: string, value: unknown, isKept: boolean): void => {
    const next = new Map(drafts);
    if (isKept) next.set(key, value);
    else next.delete(key);
    setDrafts(next);
  };
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    setFaults(new Map());
    try {
      await patchConfig(patchOf(drafts));
      setDrafts(new Map());
      say(t('It is saved.'));
    } catch (problem) {
      setError(problem);
      setFaults(faultsIn(problem));
    } finally {
      setBusy(false);
    }
  };
  const isShown = (key: string): boolean =>
    shown === 'all' || (shown === 'pending' ? view.pending.includes(key) : view.keys[key]?.source !== 'default');
  const found = groups
    .map((group) => ({ ...group, keys: group.keys.filter((one) => isShown(one.key) && isMatch(one, words)) }))
    .filter(({ keys }) => keys.length > 0);
  const isNarrow = words !== '' || shown !== 'all';
  const hasFault = (key: string): boolean => [...faults.keys()].some((one) => isUnder(one, key));
  return (
    <form class="stack" onSubmit={save} aria-label={t('Configuration')} noValidate>
      <h2>{t('Configuration')}</h2>
      <section class="card">
        <div class="columns">
          <Field label={t('Search')} hint={t('In names and descriptions')}>
            <input type="search" data-search value={words} onInput={(e) => setWords(e.currentTarget.value)} />
          </Field>
          <Field label={t('Show')}>
            <select value={shown} onChange={(e) => setShown(e.currentTarget.value as Shown)}>
              <option value="all">{t('Every key')}</option>
              <option value="set">{t('What is set: in the file, here, or elsewhere')}</option>
              <option value="pending">{t('What waits for a restart')}</option>
            </select>
          </Field>
        </div>
        <p class="hint">
          {view.file === null ? t('There is no configuration file.') : t('The file is {file}.', { file: view.file })}{' '}
          {t('What is set here is kept beside the gateway’s data, and holds over the file.')}
        </p>
      </section>
      {found.length === 0 && (
        <Empty title={t('There is no such key.')}>
          <button
            class="button"
            type="button"
            onClick={() => {
              setWords('');
              setShown('all');
            }}
          >
            {t('Show every key')}
          </button>
        </Empty>
      )}
      {found.map(({ name, title, keys }) => (
        <Group
          key={name}
          title={title === '' ? t('In general') : title}
          keys={keys.length}
          changed={keys.filter(({ key }) => drafts.has(key)).length}
          isOpen={isNarrow || keys.some(({ key }) => hasFault(key))}
        >
          {() =>
            keys.map((one) => {
              const known = view.keys[one.key];
              return (
                known !== undefined && (
                  <ConfigKey
                    key={one.key}
                    formKey={one}
                    view={known}
                    isDraft={drafts.has(one.key)}
                    draft={drafts.get(one.key)}
                    faults={faults}
                    onDraft={draft}
                  />
                )
              );
            })
          }
        </Group>
      ))}
      <p>
        <a href={link('settings', 'rules')}>{t('QoS rules have a page of their own.')}</a>
      </p>
      {drafts.size > 0 && (
        <div class="save-bar card">
          {error !== undefined && (
            <Refused error={error} faults={faults} onReload={() => loadConfig().then(() => setError(undefined))} />
          )}
          <div class="row">
            <strong class="grow">{plural(drafts.size, '{n} change', '{n} changes')}</strong>
            <button
              class="button"
              type="button"
              onClick={() => {
                setDrafts(new Map());
                setFaults(new Map());
                setError(undefined);
              }}
            >
              {t('Discard')}
            </button>
            <button class="button primary" type="submit" disabled={isBusy}>
              {t('Save')}
            </button>
          </div>
        </div>
      )}
    </form>
  );
}

/** Keys of one part, made only while it is open: there are some two hundred. */
function Group({
  title,
  keys,
  changed,
  isOpen,
  children,
}: {
  readonly title: string;
  readonly keys: number;
  readonly changed: number;
  readonly isOpen: boolean;
  readonly children: () => preact.ComponentChildren;
}) {
  const [isClicked, setClicked] = useState(isOpen);
  useEffect(() => {
    if (isOpen) setClicked(true);
  }, [isOpen]);
  return (
    <details class="card group" open={isClicked} onToggle={(e) => setClicked(e.currentTarget.open)}>
      <summary>
        <h3>{title}</h3>
        <span class="hint">{plural(keys, '{n} key', '{n} keys')}</span>
        {changed > 0 && <span class="chip">{plural(changed, '{n} change', '{n} changes')}</span>}
      </summary>
      {isClicked && children()}
    </details>
  );
}

function Refused({
  error,
  faults,
  onReload,
}: {
  readonly error: unknown;
  readonly faults: ReadonlyMap<string, string>;
  readonly onReload: () => Promise<void>;
}) {
  if (error instanceof ApiProblem && error.code === 'precondition.failed')
    return (
      <Notice tone="warn" title={t('Somebody else has changed the configuration meanwhile')}>
        <span>
          {t('Your changes are still here, and nothing of them is saved. Look at what is new, then save again.')}
        </span>
        <div class="row">
          <button class="button" type="button" onClick={onReload}>
            {t('Show what is new')}
          </button>
        </div>
      </Notice>
    );
  if (faults.size === 0) return <Problem error={error} />;
  return (
    <Notice tone="bad" title={t('Nothing is saved: some of it can’t be')}>
      <ul>
        {[...faults].map(([key, message]) => (
          <li key={key}>
            <Described text={message} />
          </li>
        ))}
      </ul>
    </Notice>
  );
}

function faultsIn(problem: unknown): ReadonlyMap<string, string> {
  const list = problem instanceof ApiProblem && Array.isArray(problem.body.faults) ? problem.body.faults : [];
  return new Map(list.map(({ key, message }: { key: string; message: string }) => [key, message]));
}
