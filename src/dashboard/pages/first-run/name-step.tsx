import { useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { GetGatewayAnswer } from '../../api/schema.ts';
import { dateTime } from '../../i18n/format.ts';
import { t } from '../../i18n/text.ts';
import { gatewayNow, now } from '../../state/clock.ts';
import { refresh, status } from '../../state/status.ts';
import { Field } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';
import { Notice } from '../../ui/state.tsx';

/** What it is called, where it is, and what time it is there. */
export function NameStep({
  gateway,
  action = t('Continue'),
  onDone,
}: {
  readonly gateway: GetGatewayAnswer;
  /** What its button says. */
  readonly action?: string;
  readonly onDone: () => Promise<void>;
}) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const [name, setName] = useState(gateway.isNamed ? gateway.name : '');
  const [timeZone, setTimeZone] = useState(gateway.timeZone === 'UTC' ? own : gateway.timeZone);
  const [units, setUnits] = useState(gateway.units);
  const [error, setError] = useState<unknown>();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await ask('api/v1/gateway', {
        method: 'PATCH',
        body: { name: name.trim() === '' ? null : name.trim(), timeZone, units },
      });
      await onDone();
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <form class="stack" onSubmit={submit}>
      <Field
        label={t('Name')}
        hint={t('For people: “Barn”, “Line 3”. The collector knows it as {id}.', { id: gateway.id })}
      >
        <input
          name="name"
          maxLength={100}
          placeholder={gateway.id}
          value={name}
          onInput={(e) => setName(e.currentTarget.value)}
        />
      </Field>
      <div class="columns">
        <Field label={t('Time zone')}>
          <select value={timeZone} onChange={(e) => setTimeZone(e.currentTarget.value)}>
            {[...new Set(['UTC', gateway.timeZone, own, ...Intl.supportedValuesOf('timeZone')])].map((zone) => (
              <option value={zone} key={zone}>
                {zone}
              </option>
            ))}
          </select>
        </Field>
        <Field label={t('Units')}>
          <select value={units} onChange={(e) => setUnits(e.currentTarget.value as 'metric')}>
            <option value="metric">{t('Metric (°C, km/h)')}</option>
            <option value="imperial">{t('Imperial (°F, mph)')}</option>
          </select>
        </Field>
      </div>
      <Clock timeZone={timeZone} />
      <div>
        <p class="hint">{t('This gateway is found at')}</p>
        <ul>
          {gateway.http.urls.map((url) => (
            <li key={url}>
              <a href={url}>{url}</a>
            </li>
          ))}
        </ul>
      </div>
      {error !== undefined && <Problem error={error} />}
      <div class="row">
        <span class="grow" />
        <button class="button primary" type="submit">
          {action}
        </button>
      </div>
    </form>
  );
}

/** A Pi has no clock of its own: until it has heard the time, what it says may be anything. */
function Clock({ timeZone }: { readonly timeZone: string }) {
  const [error, setError] = useState<unknown>();
  const clock = status.value?.clock;
  now.value;
  const told = dateTime(gatewayNow(), timeZone);
  if (clock === undefined || clock.quality !== 'unset')
    return <p class="hint">{t('It is {time} there.', { time: told })}</p>;
  const set = (): void => {
    ask('api/v1/clock', { method: 'PUT', body: { now: new Date().toISOString() } }).then(refresh, setError);
  };
  return (
    <Notice tone="warn" title={t('The gateway does not know what time it is')}>
      <span>{t('It believes that it is {time}. With a network it learns the time by itself.', { time: told })}</span>
      <div class="row">
        <button class="button" type="button" onClick={set}>
          {t('Use this browser’s time until then')}
        </button>
      </div>
      {error !== undefined && <Problem error={error} />}
    </Notice>
  );
}
