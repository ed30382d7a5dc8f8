import { t } from '../../i18n/text.ts';
import { say } from '../../ui/toasts.tsx';
import { UpstreamStep } from '../first-run/upstream-step.tsx';
import { loadConfig } from './config-state.ts';

/** Where records go from here: tried out first, then used. */
export function Section() {
  return (
    <>
      <h2>{t('Uplink')}</h2>
      <section class="card">
        <UpstreamStep
          onDone={async () => {
            say(t('It is saved.'));
            await loadConfig();
          }}
          onApplied={loadConfig}
        />
      </section>
    </>
  );
}
