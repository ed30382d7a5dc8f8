import { useEffect, useState } from 'preact/hooks';
import type { GetConnectionsAttemptsAnswer } from '../../api/schema.ts';
import { Sparkline } from '../../charts/sparkline.tsx';
import { count, duration, fieldValue } from '../../i18n/format.ts';
import { plural, t } from '../../i18n/text.ts';
import type { LiveEvent, MeasurementEvent } from '../../live/protocol.ts';
import { link } from '../../router.ts';
import { State } from '../../ui/state.tsx';
import { useAnswer } from '../../ui/use-answer.ts';
import { useLive } from '../../ui/use-live.ts';

const patienceMs = 60_000;

/** Waits for the first message, says when it is there, and what was seen instead when it does not come. */
export function Waiting({ onHeard }: { readonly onHeard: () => Promise<void> }) {
  const [last, setLast] = useState<MeasurementEvent>();
  const [values, setValues] = useState<readonly number[]>([]);
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), patienceMs);
    return () => clearTimeout(timer);
  }, []);
  useLive({ kinds: ['measurement'] }, (events: readonly LiveEvent[]) => {
    const heard = events.filter(
      (event): event is MeasurementEvent => event.event === 'measurement' && event.source !== 'gateway',
    );
    const newest = heard.at(-1);
    if (newest === undefined) return;
    setLast(newest);
    const numbers = heard
      .flatMap(({ fields }) => fields.map(({ value }) => value))
      .filter((one) => typeof one === 'number');
    setValues((old) => [...old, ...numbers].slice(-60));
  });
  if (last === undefined) {
    return (
      <div class="live-line stack">
        <State tone="idle">{t('Waiting for the first message …')}</State>
        {isLong && <Seen />}
      </div>
    );
  }
  const [field] = last.fields;
  return (
    <div class="live-line row">
      <State tone="good">
        {field === undefined
          ? t('Received {topic}', { topic: last.topic })
          : t('Received {topic}: {name} = {value}', {
              topic: last.topic,
              name: field.name,
              value: fieldValue(field.value, field.unit),
            })}
      </State>
      {values.length > 1 && <Sparkline times={values.map((_, i) => i)} values={values} />}
      <span class="grow" />
      <a class="button" href={link('device', last.deviceId)}>
        {t('See it')}
      </a>
      <button class="button primary" type="button" onClick={onHeard}>
        {t('Continue')}
      </button>
    </div>
  );
}

/** What came in at all, so that people see how far the sensor gets. */
function Seen() {
  const [answer] = useAnswer<GetConnectionsAttemptsAnswer>('api/v1/connections/attempts', undefined, 3_000);
  if (answer.state !== 'here') return null;
  const { mqtt, attempts, silent, silentTotal } = answer.value;
  return (
    <div class="stack">
      <p>
        {mqtt.connectionsTotal === 0 && attempts.length === 0
          ? t('Nobody has connected by MQTT yet. Is the sensor in the same network, and is the address right?')
          : plural(
              mqtt.connectionsTotal,
              '{n} connection by MQTT was let in so far.',
              '{n} connections by MQTT were let in so far.',
            )}
      </p>
      <ul class="stack">
        {attempts.slice(0, 5).map(({ from, userName, detail, advice, times, secondsAgo }) => (
          <li key={`${from}${userName}${detail}`}>
            <State tone="warn">
              {t('Not let in: {from}, as {user}, {time} ago', {
                from,
                user: userName ?? t('nobody'),
                time: duration(secondsAgo),
              })}
            </State>
            <p class="hint">
              {detail} {advice} {times > 1 && t('({n} times)', { n: count(times) })}
            </p>
          </li>
        ))}
        {silent.slice(0, 3).map(({ clientId, from, secondsConnected }) => (
          <li key={clientId}>
            <State tone="idle">
              {t('{client} from {from} is connected for {time}, and has said nothing.', {
                client: clientId,
                from,
                time: duration(secondsConnected),
              })}
            </State>
          </li>
        ))}
        {silentTotal > 3 && <li class="hint">{plural(silentTotal - 3, '{n} more', '{n} more')}</li>}
      </ul>
    </div>
  );
}
