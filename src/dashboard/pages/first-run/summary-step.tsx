import type { GetFirstRunAnswer, GetGatewayAnswer } from '../../api/schema.ts';
import { plural, t } from '../../i18n/text.ts';
import { link } from '../../router.ts';
import { status } from '../../state/status.ts';
import { UplinkWord } from '../../ui/uplink-word.tsx';

/** What there is now, to be printed and kept. */
export function SummaryStep({
  run,
  gateway,
  onDone,
}: {
  readonly run: GetFirstRunAnswer;
  readonly gateway: GetGatewayAnswer;
  readonly onDone: () => Promise<void>;
}) {
  const now = status.value;
  const later = run.steps.filter(({ state }) => state === 'skipped').length;
  return (
    <div class="stack">
      <dl class="pairs">
        <dt>{t('Gateway')}</dt>
        <dd>
          {gateway.name} ({gateway.id})
        </dd>
        <dt>{t('Found at')}</dt>
        <dd>
          {gateway.http.urls.map((url) => (
            <span class="block" key={url}>
              {url}
            </span>
          ))}
        </dd>
        {gateway.mqtt !== null && (
          <>
            <dt>{t('Sensors connect to')}</dt>
            <dd>
              {gateway.mqtt.hosts.map(({ host }) => (
                <span class="block" key={host}>
                  {host}:{gateway.mqtt?.tls?.port ?? gateway.mqtt?.port}
                </span>
              ))}
            </dd>
          </>
        )}
        <dt>{t('Uplink')}</dt>
        <dd>{now !== undefined && <UplinkWord uplink={now.uplink} />}</dd>
        <dt>{t('Devices')}</dt>
        <dd>{now !== undefined && plural(now.devices.total, '{n} device', '{n} devices')}</dd>
      </dl>
      {later > 0 && (
        <p class="hint">
          {plural(
            later,
            '{n} step was left out: it is found in the settings.',
            '{n} steps were left out: they are found in the settings.',
          )}
        </p>
      )}
      <div class="row">
        <button class="button" type="button" onClick={() => print()}>
          {t('Print this')}
        </button>
        <a class="button" href={link('first-run', 'sensor')}>
          {t('Connect one more sensor')}
        </a>
        <span class="grow" />
        <button class="button primary" type="button" onClick={onDone}>
          {t('To the overview')}
        </button>
      </div>
    </div>
  );
}
