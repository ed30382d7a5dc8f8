import { useState } from 'preact/hooks';
import { ApiProblem } from '../../api/ask.ts';
import { t } from '../../i18n/text.ts';
import { followAgain } from '../../live/live.ts';
import { makeFirst } from '../../state/session.ts';
import { Field } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';
import { leastLength, strengthOf } from './strength.ts';

/** Makes the first administrator. */
export function PasswordStep({ needsCode, onDone }: { readonly needsCode: boolean; readonly onDone: () => void }) {
  const [name, setName] = useState('admin');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [isShown, setShown] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  // From an address that is not of a private network it takes the code, whenever it is.
  const isFarAway = error instanceof ApiProblem && error.code === 'access.denied';
  const strength = strengthOf(password);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await makeFirst(name, password, code);
      followAgain();
      onDone();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="stack" onSubmit={submit}>
      <p>
        {t('Choose a password for this gateway. There is no default one, and nobody else knows yours: keep it well.')}
      </p>
      <Field label={t('Name')}>
        <input
          name="name"
          autocomplete="username"
          required
          value={name}
          onInput={(e) => setName(e.currentTarget.value)}
        />
      </Field>
      <Field
        label={t('Password')}
        hint={t('At least {n} characters. A sentence is easy to remember and hard to guess.', { n: leastLength })}
      >
        <PasswordInput password={password} isShown={isShown} onInput={setPassword} />
      </Field>
      <div class="row">
        <meter
          class="grow"
          min={0}
          max={4}
          low={2}
          high={3}
          optimum={4}
          value={strength.score}
          aria-label={t('Strength')}
        />
        <span class="hint">{strengthWord(strength.word)}</span>
        <label class="check">
          <input type="checkbox" checked={isShown} onChange={() => setShown(!isShown)} />
          {t('Show')}
        </label>
      </div>
      {(needsCode || isFarAway) && (
        <Field
          label={t('Setup code')}
          hint={t(
            'This gateway has been running for a while, so it wants to know that you are the one who has it: its console and its journal tell the code, and so does “headgate setup-code” on it.',
          )}
        >
          <input
            name="code"
            autocomplete="one-time-code"
            required
            value={code}
            onInput={(e) => setCode(e.currentTarget.value)}
          />
        </Field>
      )}
      {error !== undefined && <Problem error={error} />}
      <div class="row">
        <span class="grow" />
        <button class="button primary" type="submit" disabled={isBusy}>
          {t('Continue')}
        </button>
      </div>
    </form>
  );
}

/** Field gives it its id and what describes it. */
function PasswordInput({
  password,
  isShown,
  onInput,
  ...described
}: {
  readonly password: string;
  readonly isShown: boolean;
  readonly onInput: (password: string) => void;
}) {
  const shared = {
    ...described,
    name: 'password',
    autocomplete: 'new-password',
    required: true,
    minLength: leastLength,
    value: password,
    onInput: (e: { readonly currentTarget: HTMLInputElement }) => onInput(e.currentTarget.value),
  } as const;
  return isShown ? <input {...shared} type="text" /> : <input {...shared} type="password" />;
}

function strengthWord(word: ReturnType<typeof strengthOf>['word']): string {
  switch (word) {
    case 'short':
      return t('Too short');
    case 'weak':
      return t('Weak');
    case 'fair':
      return t('Fair');
    case 'good':
      return t('Good');
    case 'strong':
      return t('Strong');
  }
}
