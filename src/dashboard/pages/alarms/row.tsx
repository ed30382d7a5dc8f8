import { dateTime, duration, fieldValue } from '../../i18n/format.ts';
import { t } from '../../i18n/text.ts';
import { link } from '../../router.ts';
import { Age } from '../../ui/age.tsx';
import { SeverityWord } from '../../ui/severity.tsx';
import { State } from '../../ui/state.tsx';
import type { Alarm } from './list.ts';

/** One alarm. @param onAcknowledge offered when nobody has said yet that they know */
export function AlarmRow({
  alarm,
  onAcknowledge,
}: {
  readonly alarm: Alarm;
  readonly onAcknowledge?: (() => void) | undefined;
}) {
  const { severity, name, text, device, field, value, state, since, raisedAt, isFlapping, clearedAt } = alarm;
  const lastedSeconds = (Date.parse(clearedAt ?? '') - Date.parse(raisedAt ?? '')) / 1_000;
  return (
    <li class={`alarm ${state}`}>
      <SeverityWord severity={severity} />
      <div class="what">
        <strong>
          <bdi>{name}</bdi>
        </strong>
        <p lang="en" dir="auto">
          {text}
        </p>
        <p class="hint facts">
          {device !== null && (
            <a href={link('device', device, { field: field ?? undefined })} dir="auto">
              {device}
            </a>
          )}
          {value !== null && state !== 'cleared' && (
            <span>
              {t('Now')} <bdi>{fieldValue(value, alarm.unitSymbol)}</bdi>
            </span>
          )}
          {isFlapping && <span>{t('It comes and goes.')}</span>}
          {alarm.clockQuality === 'unset' && <span>{t('The clock was not set then.')}</span>}
        </p>
        {alarm.acknowledgedAt !== null && (
          <p class="hint" title={dateTime(Date.parse(alarm.acknowledgedAt))}>
            {t('{name} knows', { name: alarm.acknowledgedBy ?? '' })}
            {alarm.note !== null && alarm.note !== '' && (
              <>
                : <q dir="auto">{alarm.note}</q>
              </>
            )}
          </p>
        )}
      </div>
      <div class="when">
        <StateWord alarm={alarm} />
        {clearedAt === null ? (
          <Age at={raisedAt ?? since} />
        ) : (
          <span class="hint" title={dateTime(Date.parse(clearedAt))}>
            <Age at={clearedAt} />
            {lastedSeconds >= 1 && <>, {t('after {time}', { time: duration(lastedSeconds) })}</>}
          </span>
        )}
        {onAcknowledge !== undefined && state === 'active' && (
          <button class="button" type="button" onClick={onAcknowledge}>
            {t('Acknowledge')}
            <span class="visually-hidden"> {name}</span>
          </button>
        )}
      </div>
    </li>
  );
}

function StateWord({ alarm: { state, clearedBecause } }: { readonly alarm: Alarm }) {
  switch (state) {
    case 'pending':
      return <State tone="idle">{t('Not for long enough yet')}</State>;
    case 'active':
      return <State tone="bad">{t('Active')}</State>;
    case 'acknowledged':
      return <State tone="warn">{t('Acknowledged')}</State>;
    case 'cleared':
      return <State tone="good">{endWord(clearedBecause)}</State>;
  }
}

function endWord(because: Alarm['clearedBecause']): string {
  switch (because) {
    case 'rule-changed':
      return t('Over: its rule was changed');
    case 'rule-gone':
      return t('Over: its rule was deleted');
    case 'device-gone':
      return t('Over: its device was forgotten');
    default:
      return t('Over');
  }
}
