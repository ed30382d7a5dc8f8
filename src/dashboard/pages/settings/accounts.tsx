import { useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { GetTokensAnswer } from '../../api/schema.ts';
import { dateTime } from '../../i18n/format.ts';
import { plural, t } from '../../i18n/text.ts';
import { now } from '../../state/clock.ts';
import { Age } from '../../ui/age.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';
import { Empty, State } from '../../ui/state.tsx';
import { say } from '../../ui/toasts.tsx';
import { TypedName } from '../../ui/typed-name.tsx';
import { type Answer, useAnswer } from '../../ui/use-answer.ts';

/** A person, a program or a device, as the gateway tells of it. */
export type Account = GetTokensAnswer['tokens'][number];
export type Kind = 'users' | 'tokens' | 'credentials';

/** The accounts of a kind, and a function that asks for them again. */
export function useAccounts(kind: Kind): [Answer<Readonly<Record<Kind, readonly Account[]>>>, () => void] {
  return useAnswer(`api/v1/${kind}`);
}

/** From so many on they can be searched; and no more are listed at once. */
const manyRows = 10;
const maxRows = 100;

/** All accounts of a kind, and what can be done with each. */
export function AccountTable({
  kind,
  answer,
  again,
  nobody,
  more,
}: {
  readonly kind: Kind;
  readonly answer: Answer<Readonly<Record<Kind, readonly Account[]>>>;
  readonly again: () => void;
  /** What is said when there is none. */
  readonly nobody: string;
  /** What else can be done. */
  readonly more?: (account: Account) => preact.ComponentChildren;
}) {
  const [words, setWords] = useState('');
  const [open, setOpen] = useState<{ readonly what: 'scopes' | 'remove'; readonly account: Account }>();
  if (answer.state === 'asking') return <p class="loading">{t('Asking the gateway …')}</p>;
  if (answer.state === 'failed') return <Problem error={answer.error} />;
  const all = answer.value[kind];
  const wanted = words.toLowerCase();
  const found = all.filter(({ name, device = '' }) => `${name} ${device}`.toLowerCase().includes(wanted));
  const accounts = found.slice(0, maxRows);
  const close = () => setOpen(undefined);
  return (
    <section class="card">
      {answer.error !== undefined && <Problem error={answer.error} />}
      {all.length > manyRows && (
        <Field label={t('Search')} narrow>
          <input type="search" data-search value={words} onInput={(e) => setWords(e.currentTarget.value)} />
        </Field>
      )}
      {accounts.length === 0 ? (
        <Empty title={all.length === 0 ? nobody : t('Nothing of that name')} />
      ) : (
        <div class="table-box">
          <table class="cards">
            <thead>
              <tr>
                <th scope="col">{t('Name')}</th>
                <th scope="col">{t('May')}</th>
                <th scope="col">{t('Last used')}</th>
                <th scope="col">{kind === 'tokens' ? t('Good until') : t('Made')}</th>
                <th scope="col">
                  <span class="visually-hidden">{t('What can be done')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {accounts.map((account) => (
                <tr key={account.id}>
                  <th scope="row">
                    <bdi>{account.name}</bdi>
                    {account.device !== undefined && account.device !== account.name && (
                      <span class="hint"> {account.device}</span>
                    )}
                  </th>
                  <td data-label={t('May')}>
                    <Scopes scopes={account.scopes} />
                  </td>
                  <td data-label={t('Last used')}>
                    {account.lastUsedAt === null ? t('never') : <Age at={account.lastUsedAt} />}
                  </td>
                  <td data-label={kind === 'tokens' ? t('Good until') : t('Made')}>
                    {kind === 'tokens' ? <Expiry at={account.expiresAt} /> : <Age at={account.createdAt} />}
                  </td>
                  <td>
                    <span class="row">
                      {more?.(account)}
                      <button class="button" type="button" onClick={() => setOpen({ what: 'scopes', account })}>
                        {t('Rights')}
                        <span class="visually-hidden"> {account.name}</span>
                      </button>
                      <button class="button danger" type="button" onClick={() => setOpen({ what: 'remove', account })}>
                        {kind === 'users' ? t('Remove') : t('Revoke')}
                        <span class="visually-hidden"> {account.name}</span>
                      </button>
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found.length > maxRows && (
        <p class="hint">{plural(found.length - maxRows, '{n} more: search for it', '{n} more: search for them')}</p>
      )}
      {open?.what === 'scopes' && <ChangeScopes kind={kind} account={open.account} onClose={close} onDone={again} />}
      {open?.what === 'remove' && (
        <TypedName
          title={kind === 'users' ? t('Remove this person?') : t('Revoke this?')}
          name={open.account.name}
          action={kind === 'users' ? t('Remove') : t('Revoke')}
          onClose={close}
          onConfirm={async () => {
            await ask(`api/v1/${kind}/${encodeURIComponent(open.account.id)}`, { method: 'DELETE' });
            say(t('{name} is out.', { name: open.account.name }));
            again();
          }}
        >
          <p>{t('It holds at once: what is open ends, and the same one can’t be had back.')}</p>
        </TypedName>
      )}
    </section>
  );
}

/** So many are shown at once. */
const shownScopes = 3;

export function Scopes({ scopes }: { readonly scopes: readonly string[] }) {
  const chips = (
    <span class="scopes">
      {scopes.map((scope) => (
        <code class="chip" key={scope}>
          {scope}
        </code>
      ))}
    </span>
  );
  if (scopes.length <= shownScopes) return chips;
  return (
    <details>
      <summary>{plural(scopes.length, '{n} right', '{n} rights')}</summary>
      {chips}
    </details>
  );
}

function Expiry({ at }: { readonly at: string | null }) {
  if (at === null) return <span>{t('for ever')}</span>;
  return Date.parse(at) <= now.value ? (
    <State tone="bad">{t('It is over')}</State>
  ) : (
    <span>{dateTime(Date.parse(at))}</span>
  );
}

/** What somebody may do: the usual ones as boxes, others as they are written. */
export function ScopesField({
  scopes,
  onChange,
}: {
  readonly scopes: readonly string[];
  readonly onChange: (scopes: readonly string[]) => void;
}) {
  const usual = ['admin', 'read'];
  const others = scopes.filter((scope) => !usual.includes(scope));
  const [typed, setTyped] = useState(others.join('\n'));
  const linesOf = (text: string) => [...new Set(text.split('\n').map((line) => line.trim()))].filter(Boolean);
  const toggle = (scope: string, isOn: boolean) =>
    onChange(isOn ? [scope, ...scopes] : scopes.filter((one) => one !== scope));
  return (
    <fieldset class="stack">
      <legend class="visually-hidden">{t('Rights')}</legend>
      <label class="check">
        <input
          type="checkbox"
          checked={scopes.includes('read')}
          onChange={(e) => toggle('read', e.currentTarget.checked)}
        />
        <span>{t('See everything')}</span>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={scopes.includes('admin')}
          onChange={(e) => toggle('admin', e.currentTarget.checked)}
        />
        <span>{t('Change everything: an administrator')}</span>
      </label>
      <Field
        label={t('Other rights')}
        hint={t('One a line: publish:FILTER, subscribe:FILTER, command:DEVICE, read:device/ID, as in publish:tele/#')}
      >
        <textarea
          rows={3}
          spellcheck={false}
          value={typed}
          onInput={(e) => {
            setTyped(e.currentTarget.value);
            onChange([...scopes.filter((scope) => usual.includes(scope)), ...linesOf(e.currentTarget.value)]);
          }}
        />
      </Field>
    </fieldset>
  );
}

function ChangeScopes({
  kind,
  account,
  onClose,
  onDone,
}: {
  readonly kind: Kind;
  readonly account: Account;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const [scopes, setScopes] = useState<readonly string[]>(account.scopes);
  const [error, setError] = useState<unknown>();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await ask(`api/v1/${kind}/${encodeURIComponent(account.id)}`, { method: 'PATCH', body: { scopes } });
      say(t('It holds now; what was open has ended.'));
      onDone();
      onClose();
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <Dialog title={t('What {name} may do', { name: account.name })} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <ScopesField scopes={scopes} onChange={setScopes} />
        {error !== undefined && <Problem error={error} />}
        <div class="row">
          <span class="grow" />
          <button class="button" type="button" onClick={onClose}>
            {t('Cancel')}
          </button>
          <button class="button primary" type="submit">
            {t('Save')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
