import { useState } from 'preact/hooks';
import { send } from '../../api/ask.ts';
import { bytes } from '../../i18n/format.ts';
import { t } from '../../i18n/text.ts';
import { Copy } from '../../ui/copy.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Problem } from '../../ui/problem.tsx';
import { saveBlob } from '../../ui/save.ts';
import { say } from '../../ui/toasts.tsx';

/** Copies to keep, and what helps to help. */
export function Section() {
  return (
    <>
      <h2>{t('Backup & support')}</h2>
      <Backup />
      <Support />
    </>
  );
}

/** The browser fetches it by itself: it may be larger than what a page holds. */
function Backup() {
  return (
    <section class="card">
      <h3>{t('Backup')}</h3>
      <p>
        {t(
          'What waits for the collector or is kept, devices, alarms, and who may do what. It is made while all goes on; the browser tells how far it is.',
        )}
      </p>
      <p class="hint">
        {t(
          'Not in it: the configuration and what was set here, what charts are drawn from, and certificates. Passwords and tokens are in it as hashes: keep it where nobody else reads it.',
        )}
      </p>
      <div class="row">
        <a class="button primary" href="api/v1/backup" download>
          <Icon name="download" />
          {t('Download a backup')}
        </a>
      </div>
      <details>
        <summary>{t('How to restore it')}</summary>
        <div class="stack">
          <p>
            {t(
              'Unpack it on the machine that is to go on, stop the gateway there, and make a new data directory of it:',
            )}
          </p>
          <Copy text={'tar -xf headgate-backup-NAME.tar\nheadgate restore DIRECTORY --data-dir NEW'} />
          <p>
            {t(
              'Then name the new directory by dataDir in the configuration, and start the gateway. A backup that broke off is refused; once the restored gateway is connected, the collector refuses the original one.',
            )}
          </p>
        </div>
      </details>
    </section>
  );
}

function Support() {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const fetchIt = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const response = await send('api/v1/support');
      const name = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1];
      const blob = await response.blob();
      saveBlob(name ?? 'headgate-support.json.gz', blob);
      say(t('The support bundle has {size}.', { size: bytes(blob.size) }));
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="card">
      <h3>{t('Support bundle')}</h3>
      <p>
        {t(
          'All that helps to help: versions, the configuration without its secrets, state, counters, and the log. Nothing of what devices said.',
        )}
      </p>
      {error !== undefined && <Problem error={error} />}
      <div class="row">
        <button class="button" type="button" onClick={fetchIt} disabled={isBusy}>
          <Icon name="download" />
          {isBusy ? t('It is made …') : t('Download a support bundle')}
        </button>
      </div>
    </section>
  );
}
