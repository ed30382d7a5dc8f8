import type { PostTopicsAdoptAnswer } from '../../api/schema.ts';
import { dateTime, fieldValue } from '../../i18n/format.ts';
import { t } from '../../i18n/text.ts';
import { Notice } from '../../ui/state.tsx';

type Message = Pick<NonNullable<PostTopicsAdoptAnswer['example']>, 'kind' | 'failure' | 'measurements'>;

/** What a message becomes: its devices, fields and units; or why there is nothing in it. */
export function DecodedMessage({ message: { failure, measurements, kind } }: { readonly message: Message }) {
  const rows = measurements.flatMap(({ device, time, fields }) => fields.map((field) => ({ device, time, field })));
  if (failure !== null) return <Notice tone="warn" title={failure} lang="en" />;
  if (rows.length === 0) {
    return (
      <Notice
        title={
          kind === 'raw'
            ? t('It is kept as it came: there are no values in it.')
            : t('It tells of a device, and has no values.')
        }
      />
    );
  }
  const times = new Set(rows.map(({ time }) => time));
  const devices = new Set(rows.map(({ device }) => device));
  return (
    <div class="table-box">
      <table>
        <caption class="hint" dir="auto">
          {devices.size === 1 && rows[0]?.device}
          {times.size === 1 && rows[0]?.time ? ` · ${dateTime(Date.parse(rows[0].time))}` : ''}
        </caption>
        <thead>
          <tr>
            {devices.size > 1 && <th scope="col">{t('Device')}</th>}
            <th scope="col">{t('Field')}</th>
            <th scope="col" class="num">
              {t('Value')}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ device, field: { name, value, unit, unitSymbol } }, index) => (
            <tr key={index}>
              {devices.size > 1 && <td dir="auto">{device}</td>}
              <th scope="row" dir="auto">
                {name}
              </th>
              <td class="num" dir="auto">
                {fieldValue(value, unitSymbol ?? unit)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
