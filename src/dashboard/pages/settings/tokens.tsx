import { useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { PostTokensAnswer } from '../../api/schema.ts';
import { t } from '../../i18n/text.ts';
import { gatewayNow } from '../../state/clock.ts';
import { Copy } from '../../ui/copy.tsx';
import { Field } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';
import { Notice } from '../../ui/state.tsx';
import { AccountTable, ScopesField, useAccounts } from './accounts.tsx';

/** Programs that ask the gateway. */
export function Section() {
  const [answer, again] = useAccounts('tokens');
  const [made, setMade] = useState<PostTokensAnswer>();
  return (
    <>
      <h2>{t('Tokens')}</h2>
      <p class="hint">{t('With a token, a program asks this gateway: scripts, home automation, monitoring.')}</p>
      {made !== undefined && (
        <Notice tone="good" title={t('The token of {name}: it is shown this once', { name: made.name })}>
          <Copy text={made.token} label={t('Token')} />
          <Copy
            text={`curl -H 'authorization: Bearer ${made.token}' ${new URL('api/v1/status', document.baseURI)}`}
            label={t('Try it')}
          />
          <div class="row">
            <button class="button" type="button" onClick={() => setMade(undefined)}>
              {t('I have it')}
            </button>
          </div>
        </Notice>
      )}
      <AccountTable {...{ answer, again }} kind="tokens" nobody={t('No program has a token yet')} />
      <Add
        onMade={(token) => {
          setMade(token);
          again();
        }}
      />
    </>
  );
}

const dayMs = 86_400_000;

function Add({ onMade }: { readonly onMade: (made: PostTokensAnswer) => void }) {
  const [name, setName] = useState('');
  const [days, setDays] = useState('90');
  const [scopes, setScopes] = useState<readonly string[]>(['read']);
  const [error, setError] = useState<unknown>();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      const expiresAt = days === '' ? undefined : new Date(gatewayNow() + Number(days) * dayMs).toISOString();
      onMade(await ask('api/v1/tokens', { method: 'POST', body: { name, scopes, expiresAt } }));
      setName('');
      setError(undefined);
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <form class="card" onSubmit={submit} aria-label={t('Make a token')}>
      <h3>{t('Make a token')}</h3>
      <Field label={t('Name')} hint={t('What it is for: “Grafana”, “night script”')}>
        <input required autocomplete="off" value={name} onInput={(e) => setName(e.currentTarget.value)} />
      </Field>
      <Field label={t('Good for')} narrow>
        <select value={days} onChange={(e) => setDays(e.currentTarget.value)}>
          <option value="1">{t('one day')}</option>
          <option value="30">{t('30 days')}</option>
          <option value="90">{t('90 days')}</option>
          <option value="365">{t('a year')}</option>
          <option value="">{t('for ever')}</option>
        </select>
      </Field>
      <ScopesField scopes={scopes} onChange={setScopes} />
      {error !== undefined && <Problem error={error} />}
      <div class="row">
        <button class="button primary" type="submit">
          {t('Make it')}
        </button>
      </div>
    </form>
  );
}
