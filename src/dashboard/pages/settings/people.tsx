import { useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import { t } from '../../i18n/text.ts';
import { askWho } from '../../state/session.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';
import { Notice } from '../../ui/state.tsx';
import { say, sayProblem } from '../../ui/toasts.tsx';
import { type Account, AccountTable, ScopesField, useAccounts } from './accounts.tsx';

/** Who may sign in. */
export function Section() {
  const [answer, again] = useAccounts('users');
  const [changed, setChanged] = useState<Account>();
  const isFirst = answer.state === 'here' && answer.value.users.length === 0;
  return (
    <>
      <h2>{t('People')}</h2>
      {isFirst && (
        <Notice tone="warn" title={t('Nobody is set up')}>
          {t(
            'Until somebody is, whoever is on the gateway’s own machine may do everything. The first one is an administrator.',
          )}
        </Notice>
      )}
      <AccountTable
        {...{ answer, again }}
        kind="users"
        nobody={t('Nobody can sign in yet')}
        more={(account) => (
          <button class="button" type="button" onClick={() => setChanged(account)}>
            {t('Password')}
            <span class="visually-hidden"> {account.name}</span>
          </button>
        )}
      />
      <Add
        isFirst={isFirst}
        onDone={() => {
          again();
          // With the first one, this browser may be nobody any more.
          if (isFirst) askWho().catch(sayProblem);
        }}
      />
      {changed !== undefined && <Password account={changed} onClose={() => setChanged(undefined)} />}
    </>
  );
}

function Add({ isFirst, onDone }: { readonly isFirst: boolean; readonly onDone: () => void }) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [scopes, setScopes] = useState<readonly string[]>(['read']);
  /** What was typed for one is not shown for the next. */
  const [added, setAdded] = useState(0);
  const [error, setError] = useState<unknown>();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await ask('api/v1/users', {
        method: 'POST',
        body: { name, password, scopes: isFirst ? [...new Set(['admin', ...scopes])] : scopes },
      });
      say(t('{name} can sign in.', { name }));
      setName('');
      setPassword('');
      setScopes(['read']);
      setAdded(added + 1);
      setError(undefined);
      onDone();
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <form class="card" onSubmit={submit} aria-label={t('Add a person')}>
      <h3>{t('Add a person')}</h3>
      <Field label={t('Name')}>
        <input required autocomplete="off" value={name} onInput={(e) => setName(e.currentTarget.value)} />
      </Field>
      <Field label={t('Password')} hint={t('10 characters or more, without the name in it')}>
        <input
          required
          type="password"
          autocomplete="new-password"
          value={password}
          onInput={(e) => setPassword(e.currentTarget.value)}
        />
      </Field>
      {!isFirst && <ScopesField key={added} scopes={scopes} onChange={setScopes} />}
      {error !== undefined && <Problem error={error} />}
      <div class="row">
        <button class="button primary" type="submit">
          {t('Add')}
        </button>
      </div>
    </form>
  );
}

function Password({ account: { id, name }, onClose }: { readonly account: Account; readonly onClose: () => void }) {
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await ask(`api/v1/users/${encodeURIComponent(id)}/password`, { method: 'PUT', body: { password } });
      say(t('{name} has another password.', { name }));
      onClose();
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <Dialog title={t('Another password for {name}', { name })} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <Field label={t('New password')} hint={t('Where they are signed in, they are signed out.')}>
          <input
            required
            type="password"
            autocomplete="new-password"
            value={password}
            onInput={(e) => setPassword(e.currentTarget.value)}
          />
        </Field>
        {error !== undefined && <Problem error={error} />}
        <div class="row">
          <span class="grow" />
          <button class="button" type="button" onClick={onClose}>
            {t('Cancel')}
          </button>
          <button class="button primary" type="submit">
            {t('Change')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
