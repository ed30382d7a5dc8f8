import { useState } from 'preact/hooks';
import { t } from '../i18n/text.ts';
import { followAgain } from '../live/live.ts';
import { signIn } from '../state/session.ts';
import { Field } from '../ui/field.tsx';
import { Problem } from '../ui/problem.tsx';
import { say } from '../ui/toasts.tsx';

/** Who are you? Shown instead of the page, or over it when a session ended. */
export function SignIn() {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      const isStored = await signIn(name, password);
      followAgain();
      if (!isStored)
        say(t('The disk refuses to keep that you are signed in: it ends with the gateway.'), { tone: 'warn' });
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <main class="narrow" id="main">
      <form class="card" onSubmit={submit} aria-label={t('Sign in')}>
        <h1>{t('Sign in')}</h1>
        <p class="hint">{t('To see how this gateway is doing.')}</p>
        <Field label={t('Name')}>
          <input
            name="name"
            autocomplete="username"
            required
            value={name}
            onInput={(e) => setName(e.currentTarget.value)}
          />
        </Field>
        <Field label={t('Password')}>
          <input
            name="password"
            type="password"
            autocomplete="current-password"
            required
            value={password}
            onInput={(e) => setPassword(e.currentTarget.value)}
          />
        </Field>
        {error !== undefined && <Problem error={error} />}
        <button class="button primary" type="submit" disabled={isBusy}>
          {t('Sign in')}
        </button>
      </form>
    </main>
  );
}
