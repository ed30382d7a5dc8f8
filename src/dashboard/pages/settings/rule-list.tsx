import { useState } from 'preact/hooks';
import { t } from '../../i18n/text.ts';
import { Icon } from '../../ui/icon.tsx';
import { Empty, State } from '../../ui/state.tsx';
import type { SchemaNode } from './form-model.ts';
import { type Meaning, Means } from './rule-meaning.tsx';
import { moved, type RuleFault } from './rules-text.ts';
import { ValueEditor } from './value-editor.tsx';

/** A rule as it is configured. */
export type Rule = Readonly<Record<string, unknown>>;

/** The rules in their order, each with what it means, and a form for the one that is edited. */
export function RuleList({
  list,
  items,
  faults,
  meanings,
  rules,
  isLocked,
  onChange,
}: {
  readonly list: readonly Rule[];
  readonly items: SchemaNode;
  readonly faults: readonly RuleFault[];
  readonly meanings: readonly Meaning[];
  readonly rules: readonly Rule[];
  readonly isLocked: boolean;
  readonly onChange: (list: readonly Rule[]) => void;
}) {
  const [open, setOpen] = useState<number>();
  const byPath = new Map(faults.flatMap(({ path, message }) => (path === undefined ? [] : [[path, message] as const])));
  const move = (at: number, by: -1 | 1): void => {
    onChange(moved(list, at, by));
    setOpen(undefined);
  };
  return (
    <>
      {list.length === 0 && (
        <section class="card">
          <Empty title={t('No rules of your own')}>
            <p>{t('What is always there holds for every message.')}</p>
          </Empty>
        </section>
      )}
      <ol class="stack">
        {list.map((rule, at) => {
          const name = typeof rule.name === 'string' && rule.name !== '' ? rule.name : t('A new rule');
          const isBad = [...byPath.keys()].some((path) => path.startsWith(`rules[${at}]`));
          const isOpen = open === at || isBad;
          // What it means is told of what is saved.
          const meaning = rules.includes(rule) ? meanings.find((one) => one.name === rule.name) : undefined;
          return (
            <li class="card" key={at}>
              <div class="row">
                <h3 class="grow" dir="auto">
                  {at + 1}. {name}
                </h3>
                <button class="button" type="button" disabled={isLocked || at === 0} onClick={() => move(at, -1)}>
                  {t('Up')}
                  <span class="visually-hidden"> {name}</span>
                </button>
                <button
                  class="button"
                  type="button"
                  disabled={isLocked || at === list.length - 1}
                  onClick={() => move(at, 1)}
                >
                  {t('Down')}
                  <span class="visually-hidden"> {name}</span>
                </button>
                <button
                  class="button"
                  type="button"
                  aria-expanded={isOpen}
                  onClick={() => setOpen(isOpen ? undefined : at)}
                >
                  <Icon name="edit" />
                  {t('Edit')}
                  <span class="visually-hidden"> {name}</span>
                </button>
                <button
                  class="button danger"
                  type="button"
                  disabled={isLocked}
                  onClick={() => {
                    setOpen(undefined);
                    onChange(list.filter((_, other) => other !== at));
                  }}
                >
                  {t('Remove')}
                  <span class="visually-hidden"> {name}</span>
                </button>
              </div>
              {meaning === undefined ? (
                <State tone="warn">{t('Changed, and not saved')}</State>
              ) : (
                <Means meaning={meaning} />
              )}
              {isOpen && (
                <ValueEditor
                  node={items}
                  value={rule}
                  path={`rules[${at}]`}
                  label={name}
                  isBare
                  faults={byPath}
                  isLocked={isLocked}
                  onChange={(next) => onChange(list.map((one, other) => (other === at ? (next as Rule) : one)))}
                />
              )}
            </li>
          );
        })}
      </ol>
      <div class="row">
        <button
          class="button"
          type="button"
          disabled={isLocked}
          onClick={() => {
            setOpen(list.length);
            onChange([...list, {}]);
          }}
        >
          <Icon name="plus" />
          {t('Add a rule')}
        </button>
      </div>
    </>
  );
}
