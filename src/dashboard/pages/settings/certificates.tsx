import { useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { GetCertificatesAnswer } from '../../api/schema.ts';
import { dateTime, duration } from '../../i18n/format.ts';
import { t } from '../../i18n/text.ts';
import { now } from '../../state/clock.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Problem } from '../../ui/problem.tsx';
import { Empty, State } from '../../ui/state.tsx';
import { say } from '../../ui/toasts.tsx';
import { useAnswer } from '../../ui/use-answer.ts';

type Certificate = NonNullable<GetCertificatesAnswer['authority']>;

/** What the gateway shows when somebody speaks TLS with it, and who signed that. */
export function Section() {
  const [answer, again] = useAnswer<GetCertificatesAnswer>('api/v1/certificates');
  const [isAsking, setAsking] = useState(false);
  if (answer.state === 'asking') return <p class="loading">{t('Asking the gateway …')}</p>;
  if (answer.state === 'failed') return <Problem error={answer.error} />;
  const { listeners, authority, uplink } = answer.value;
  return (
    <>
      <h2>{t('Certificates')}</h2>
      {listeners.length === 0 && uplink === null && (
        <section class="card">
          <Empty title={t('Nobody speaks TLS here')}>
            <p>{t('It is switched on in the configuration: mqtt.tls.enabled, http.tls.enabled, grpc.tls.enabled.')}</p>
            <a class="button" href="#/settings/configuration">
              {t('To the configuration')}
            </a>
          </Empty>
        </section>
      )}
      {listeners.map((one) => (
        <Card key={one.listener} title={listenerName(one.listener)} certificate={one}>
          {one.isOwn ? t('The gateway made it itself.') : t('It was given to the gateway as a file.')}
        </Card>
      ))}
      {listeners.some(({ isOwn }) => isOwn) && (
        <div class="row">
          <button class="button" type="button" onClick={() => setAsking(true)}>
            <Icon name="refresh" />
            {t('Renew them …')}
          </button>
        </div>
      )}
      {authority !== null && (
        <Card title={t('The gateway’s own authority')} certificate={authority}>
          {t(
            'Whoever trusts it trusts what the gateway made itself. Open the file on a phone or computer, compare the fingerprint, and install it.',
          )}
          <div class="row">
            <a class="button" href="api/v1/certificates/authority" download="headgate-ca.crt">
              <Icon name="download" />
              {t('Download it')}
            </a>
          </div>
        </Card>
      )}
      {uplink !== null && (
        <Card title={t('To the collector')} certificate={uplink}>
          {t('By this the collector knows the gateway. It is renewed by itself.')}
        </Card>
      )}
      {isAsking && <Renew onClose={() => setAsking(false)} onDone={again} />}
    </>
  );
}

function Card({
  title,
  certificate: { subject, issuer, names, expiresAt, fingerprint },
  children,
}: {
  readonly title: string;
  readonly certificate: Certificate;
  readonly children: preact.ComponentChildren;
}) {
  return (
    <section class="card">
      <header>
        <h3>{title}</h3>
        <Expiry at={Date.parse(expiresAt)} />
      </header>
      <dl class="pairs">
        <dt>{t('Subject')}</dt>
        <dd>{subject}</dd>
        <dt>{t('Signed by')}</dt>
        <dd>{issuer === subject ? t('itself') : issuer}</dd>
        {names.length > 0 && (
          <>
            <dt>{t('Good for')}</dt>
            <dd>{names.join(', ')}</dd>
          </>
        )}
        <dt>{t('Good until')}</dt>
        <dd>{dateTime(Date.parse(expiresAt))}</dd>
        <dt>{t('Fingerprint (SHA-256)')}</dt>
        <dd>
          <code class="fingerprint">{inGroups(fingerprint)}</code>
        </dd>
      </dl>
      <div>{children}</div>
    </section>
  );
}

const soonMs = 14 * 86_400_000;

function Expiry({ at }: { readonly at: number }) {
  const left = at - now.value;
  if (left <= 0) return <State tone="bad">{t('It is over')}</State>;
  const time = duration(left / 1_000);
  if (left < soonMs) return <State tone="warn">{t('Only {time} more', { time })}</State>;
  return <State tone="good">{t('Good for {time}', { time })}</State>;
}

/** Four bytes a group, as people compare them. */
export function inGroups(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').replace(/.{8}(?=.)/g, '$& ');
}

function listenerName(listener: 'mqtt' | 'http' | 'grpc'): string {
  switch (listener) {
    case 'mqtt':
      return t('For devices, by MQTT');
    case 'http':
      return t('For the dashboard and the API');
    case 'grpc':
      return t('For programs, by gRPC');
  }
}

function Renew({ onClose, onDone }: { readonly onClose: () => void; readonly onDone: () => void }) {
  const [error, setError] = useState<unknown>();
  const renew = async (): Promise<void> => {
    try {
      await ask('api/v1/certificates/renew', { method: 'POST' });
      say(t('The certificates are new.'));
      onDone();
      onClose();
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <Dialog title={t('Renew the certificates?')} onClose={onClose}>
      <p>
        {t(
          'New connections have them within seconds; open ones stay. Who trusts the authority notices nothing; who has noted a certificate’s fingerprint has to note the new one.',
        )}
      </p>
      {error !== undefined && <Problem error={error} />}
      <div class="row">
        <span class="grow" />
        <button class="button" type="button" onClick={onClose}>
          {t('Cancel')}
        </button>
        <button class="button primary" type="button" onClick={renew}>
          {t('Renew')}
        </button>
      </div>
    </Dialog>
  );
}
