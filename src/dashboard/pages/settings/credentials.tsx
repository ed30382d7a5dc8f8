import { useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { PostCredentialsAnswer } from '../../api/schema.ts';
import { t } from '../../i18n/text.ts';
import { Copy } from '../../ui/copy.tsx';
import { Field } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';
import { Notice } from '../../ui/state.tsx';
import { AccountTable, useAccounts } from './accounts.tsx';

/** Devices that show a user name and a password, or a certificate, when they connect by MQTT. */
export function Section() {
  const [answer, again] = useAccounts('credentials');
  const [made, setMade] = useState<PostCredentialsAnswer>();
  return (
    <>
      <h2>{t('Device credentials')}</h2>
      <p class="hint">
        {t('A device shows them when it connects by MQTT. Each has its own: one that is lost is revoked alone.')}
      </p>
      {made !== undefined && <Made made={made} onClose={() => setMade(undefined)} />}
      <AccountTable {...{ answer, again }} kind="credentials" nobody={t('No device has credentials yet')} />
      <Add
        onMade={(one) => {
          setMade(one);
          again();
        }}
      />
    </>
  );
}

function Made({
  made: { name, password, mqtt },
  onClose,
}: {
  readonly made: PostCredentialsAnswer;
  readonly onClose: () => void;
}) {
  return (
    <Notice tone="good" title={t('The credentials of {name}: they are shown this once', { name })}>
      <dl class="pairs">
        {mqtt !== null && (
          <>
            <dt>{t('Host')}</dt>
            <dd>{mqtt.hosts.map(({ host }) => host).join(', ')}</dd>
            <dt>{t('Port')}</dt>
            <dd>
              {mqtt.port}
              {mqtt.tls !== null && ` · ${t('with TLS {port}', { port: mqtt.tls.port })}`}
            </dd>
          </>
        )}
        <dt>{t('User name')}</dt>
        <dd>
          <Copy text={name} />
        </dd>
        {password !== undefined && (
          <>
            <dt>{t('Password')}</dt>
            <dd>
              <Copy text={password} />
            </dd>
          </>
        )}
      </dl>
      <div class="row">
        <button class="button" type="button" onClick={onClose}>
          {t('I have them')}
        </button>
      </div>
    </Notice>
  );
}

function Add({ onMade }: { readonly onMade: (made: PostCredentialsAnswer) => void }) {
  const [device, setDevice] = useState('');
  const [proof, setProof] = useState<'password' | 'commonName' | 'fingerprint'>('password');
  const [shown, setShown] = useState('');
  const [error, setError] = useState<unknown>();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      const body = { device, ...(shown !== '' && { [proof]: shown }) };
      onMade(await ask('api/v1/credentials', { method: 'POST', body }));
      setDevice('');
      setShown('');
      setError(undefined);
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <form class="card" onSubmit={submit} aria-label={t('Make credentials')}>
      <h3>{t('Make credentials')}</h3>
      <Field
        label={t('Device')}
        hint={t('Its id, which is also its user name. “boiler” may publish and subscribe to boiler/# and +/boiler/#.')}
      >
        <input required autocomplete="off" value={device} onInput={(e) => setDevice(e.currentTarget.value)} />
      </Field>
      <Field label={t('It shows')} narrow>
        <select value={proof} onChange={(e) => setProof(e.currentTarget.value as 'password')}>
          <option value="password">{t('A password')}</option>
          <option value="commonName">{t('A certificate, known by its common name')}</option>
          <option value="fingerprint">{t('A certificate, known by its fingerprint')}</option>
        </select>
      </Field>
      {proof === 'password' ? (
        <Field label={t('Password')} hint={t('Empty: one is made, which nobody guesses.')}>
          <input
            type="password"
            autocomplete="new-password"
            value={shown}
            onInput={(e) => setShown(e.currentTarget.value)}
          />
        </Field>
      ) : (
        <Field label={proof === 'commonName' ? t('Common name') : t('Fingerprint (SHA-256)')}>
          <input required autocomplete="off" value={shown} onInput={(e) => setShown(e.currentTarget.value)} />
        </Field>
      )}
      {error !== undefined && <Problem error={error} />}
      <div class="row">
        <button class="button primary" type="submit">
          {t('Make them')}
        </button>
      </div>
    </form>
  );
}
