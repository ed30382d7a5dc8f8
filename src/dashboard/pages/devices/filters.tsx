import { t } from '../../i18n/text.ts';
import { deviceSet, devices } from '../../state/devices.ts';
import { Field } from '../../ui/field.tsx';
import { type Choice, optionsIn } from './choose.ts';

/** Which devices are shown, and in which order. */
export function Filters({
  choice,
  onChange,
}: {
  readonly choice: Choice;
  readonly onChange: (some: Partial<Choice>) => void;
}) {
  // Devices that come may bring options.
  deviceSet.value;
  const { profiles, sources } = optionsIn([...devices.values()].map((one) => one.peek()));
  return (
    <search class="filters">
      <Field label={t('Search')}>
        <input
          type="search"
          value={choice.text}
          placeholder={t('Name or id')}
          data-search
          onInput={(e) => onChange({ text: e.currentTarget.value })}
        />
      </Field>
      <Field label={t('State')}>
        <select
          value={choice.presence}
          onChange={(e) => onChange({ presence: e.currentTarget.value as Choice['presence'] })}
        >
          <option value="">{t('Any')}</option>
          <option value="online">{t('Online')}</option>
          <option value="stale">{t('Late')}</option>
          <option value="offline">{t('Offline')}</option>
          <option value="unknown">{t('Not heard yet')}</option>
        </select>
      </Field>
      <Field label={t('Profile')}>
        <select value={choice.profile} onChange={(e) => onChange({ profile: e.currentTarget.value })}>
          <option value="">{t('Any')}</option>
          {profiles.map((name) => (
            <option value={name} key={name}>
              {name === '-' ? t('None') : name}
            </option>
          ))}
        </select>
      </Field>
      <Field label={t('Heard by')}>
        <select value={choice.source} onChange={(e) => onChange({ source: e.currentTarget.value })}>
          <option value="">{t('Any')}</option>
          {sources.map((name) => (
            <option value={name} key={name}>
              {name}
            </option>
          ))}
        </select>
      </Field>
      <Field label={t('Order')}>
        <select value={choice.sort} onChange={(e) => onChange({ sort: e.currentTarget.value as Choice['sort'] })}>
          <option value="name">{t('By name')}</option>
          <option value="heard">{t('Heard last')}</option>
          <option value="state">{t('By state')}</option>
        </select>
      </Field>
    </search>
  );
}
