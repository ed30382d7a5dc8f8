import { useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import { t } from '../../i18n/text.ts';
import type { Units } from '../../i18n/units.ts';
import { hasShortcuts, setShortcuts, setUnits, setZone, unitsChoice, zoneChoice } from '../../state/preferences.ts';
import { session } from '../../state/session.ts';
import { Field } from '../../ui/field.tsx';
import { Looks } from '../../ui/looks.tsx';
import { Problem } from '../../ui/problem.tsx';
import { say } from '../../ui/toasts.tsx';
import { Scopes } from './accounts.tsx';

/** What everybody may set: how things look here, and one's own password. */
export function Section() {
  const who = session.value;
  const person = who.state === 'signed-in' ? who.person : undefined;
  return (
    <>
      <h2>{t('You and this browser')}</h2>
      {person !== undefined && (
        <section class="card">
          <h3 dir="auto">{person.name}</h3>
          <p class="row">
            {person.kind === 'local' ? t('On the gateway’s own machine, as long as nobody is set up.') : t('You may:')}{' '}
            <Scopes scopes={person.scopes} />
          </p>
        </section>
      )}
      <section class="card">
        <h3>{t('This browser')}</h3>
        <div class="columns">
          <Looks />
          <Field label={t('Units')}>
            <select value={unitsChoice.value} onChange={(e) => setUnits(e.currentTarget.value as Units)}>
              <option value="gateway">{t('As the gateway is set')}</option>
              <option value="metric">{t('Metric (°C, km/h)')}</option>
              <option value="imperial">{t('Imperial (°F, mph)')}</option>
            </select>
          </Field>
          <Field label={t('Times')}>
            <select value={zoneChoice.value} onChange={(e) => setZone(e.currentTarget.value as 'browser')}>
              <option value="browser">{t('In this browser’s time zone')}</option>
              <option value="gateway">{t('In the gateway’s time zone')}</option>
            </select>
          </Field>
        </div>
        <label class="check">
          <input type="checkbox" checked={hasShortcuts.value} onChange={(e) => setShortcuts(e.currentTarget.checked)} />
          <span>{t('Single keys do something')}</span>
        </label>
      </section>
      {person?.kind === 'person' && <OwnPassword name={person.name} />}
    </>
  );
}

function OwnPassword({ name }: { readonly name: string }) {
  const [password, setPassword] = useState('');
  const [newPassword, setNew] = useState('');
  const [error, setError] = useState<unknown>();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await ask('api/v1/session/password', { method: 'PUT', body: { password, newPassword } });
      say(t('Your password is changed. Other browsers are signed out.'));
      setPassword('');
      setNew('');
      setError(undefined);
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <form class="card" onSubmit={submit} aria-label={t('Your password')}>
      <h3>{t('Your password')}</h3>
      <input type="text" name="username" autocomplete="username" value={name} readOnly hidden />
      <Field label={t('Password now')} narrow>
        <input
          required
          type="password"
          autocomplete="current-password"
          value={password}
          onInput={(e) => setPassword(e.currentTarget.value)}
        />
      </Field>
      <Field label={t('New password')} hint={t('10 characters or more, without the name in it')} narrow>
        <input
          required
          type="password"
          autocomplete="new-password"
          value={newPassword}
          onInput={(e) => setNew(e.currentTarget.value)}
        />
      </Field>
      {error !== undefined && <Problem error={error} />}
      <div class="row">
        <button class="button primary" type="submit">
          {t('Change')}
        </button>
      </div>
    </form>
  );
}
