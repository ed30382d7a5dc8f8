import { dateTime } from '../i18n/format.ts';
import { t } from '../i18n/text.ts';
import type { ChartSeries } from './history.ts';
import { dashes } from './palette.ts';
import { type Point, pointAt, rowsOf } from './points.ts';
import type { Track } from './track.ts';
import type { Shown } from './view.ts';
import { pointText } from './words.ts';

interface About {
  readonly series: readonly ChartSeries[];
  readonly shown: Shown | undefined;
}

/** What each line is, and its value where somebody points, else the newest. */
export function Legend({ series, shown }: About) {
  return (
    <ul class="legend">
      {series.map((one, n) => (
        <li key={`${one.device} ${one.field} ${one.tags}`}>
          <svg viewBox="0 0 24 12" aria-hidden="true" style={{ color: `var(--series-${n + 1})` }}>
            <path d="M0 6h24" stroke="currentColor" stroke-width="3" stroke-dasharray={dashes[n]?.join(' ')} />
          </svg>
          <bdi>{one.label}</bdi>
          <output>{valueIn(shown, n, one.unit)}</output>
        </li>
      ))}
    </ul>
  );
}

function valueIn(shown: Shown | undefined, n: number, unit: string | null | undefined): string {
  const track = shown?.tracks[n];
  if (shown === undefined || track === undefined) return '–';
  return pointText(track, shown.cursorMs === undefined ? newest(track) : pointAt(track, shown.cursorMs), unit);
}

function newest({ newest }: Track): Point | undefined {
  if (newest === undefined) return undefined;
  const { timeMs, value } = newest;
  return { timeMs, avg: value, min: value, max: value };
}

/** The same as a table: the whole span in so many rows that they can be read. */
export function Table({
  id,
  label,
  series,
  shown,
}: { readonly id: string; readonly label: string; readonly shown: Shown } & Pick<About, 'series'>) {
  const { tracks, span } = shown;
  return (
    <section class="table-box" aria-label={label}>
      <table id={id}>
        <thead>
          <tr>
            <th scope="col">{t('Time')}</th>
            {series.map((one) => (
              <th scope="col" class="num" key={`${one.device} ${one.field} ${one.tags}`}>
                <bdi>{one.label}</bdi>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rowsOf(tracks, span).map(({ timeMs, cells }) => (
            <tr key={timeMs}>
              <th scope="row" class="nowrap">
                {dateTime(timeMs)}
              </th>
              {series.map((one, n) => (
                <td class="num" key={`${one.device} ${one.field} ${one.tags}`}>
                  {tracks[n] !== undefined && pointText(tracks[n], cells[n], one.unit)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
