import { t } from '../i18n/text.ts';
import { link } from '../router.ts';
import { Empty } from './state.tsx';

/** Where devices would be. */
export function NoDevices() {
  return (
    <section class="card">
      <Empty title={t('No devices yet')}>
        <p>{t('A device is listed with its first message.')}</p>
        <a class="button primary" href={link('first-run', 'sensor')}>
          {t('Connect a sensor')}
        </a>
      </Empty>
    </section>
  );
}
