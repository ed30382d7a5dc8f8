import { ago, fieldValue } from '../../i18n/format.ts';
import { t } from '../../i18n/text.ts';
import { link } from '../../router.ts';
import { now } from '../../state/clock.ts';
import { devices, type FieldNow } from '../../state/devices.ts';
import { PresenceWord } from '../../ui/presence.tsx';

/** A device in the list; rendered anew when something of it changes. */
export function Row({ id, index }: { readonly id: string; readonly index: number }) {
  const device = devices.get(id)?.value;
  if (device === undefined) {
    return (
      <tr aria-rowindex={index + 2} class="gone">
        <th scope="row">{id}</th>
        <td data-label={t('State')} class="soft">
          {t('Gone')}
        </td>
        <td colSpan={3} />
      </tr>
    );
  }
  const { name, profile, presence, lastSeenMs, fields } = device;
  const sides = fields.filter(isSide);
  const main = fields.filter((field) => !isSide(field)).slice(0, 2);
  return (
    <tr aria-rowindex={index + 2}>
      <th scope="row">
        <a href={link('device', id)} dir="auto">
          {name}
        </a>
        <small dir="auto">{profile ?? t('No profile')}</small>
      </th>
      <td data-label={t('State')}>
        <PresenceWord presence={presence} />
      </td>
      <td data-label={t('Newest values')} class="values">
        {main.map((field) => (
          <span key={field.name + field.tags}>
            <small dir="auto">{field.name}</small> {fieldValue(field.value, field.unit)}
          </span>
        ))}
      </td>
      <td data-label={t('Signal, battery')} class="values wide">
        {sides.map((field) => (
          <span key={field.name + field.tags}>
            <small dir="auto">{field.name}</small> {fieldValue(field.value, field.unit)}
          </span>
        ))}
      </td>
      <td data-label={t('Heard')} class="num nowrap">
        {lastSeenMs === null ? t('never') : ago(lastSeenMs, now.value)}
      </td>
    </tr>
  );
}

/** What tells of the device's own state rather than of what it measures. */
function isSide({ name }: FieldNow): boolean {
  return /batter|rssi|link_?quality|signal|snr\b/i.test(name);
}
