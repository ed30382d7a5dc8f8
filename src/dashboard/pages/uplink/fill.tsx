import { bytes, count, duration } from '../../i18n/format.ts';
import { plural, t } from '../../i18n/text.ts';
import type { GatewayStatus } from '../../state/status.ts';
import { priorityName } from '../../ui/reason.ts';
import { type DroppedNext, type Fill, type Outlook, priorities } from './model.ts';

/** How full the buffer is, of what, for how long, and what goes first. */
export function FillCard({
  buffer,
  fill,
  outlook,
  next,
}: {
  readonly buffer: GatewayStatus['buffer'];
  readonly fill: Fill;
  readonly outlook: Outlook;
  readonly next: DroppedNext | undefined;
}) {
  const percent = Math.round(fill.share * 1000) / 10;
  return (
    <section class="card">
      <header>
        <h2>{t('Buffer')}</h2>
        <span class="hint">
          {t('{size} of {max}', { size: bytes(buffer.waitingBytes), max: bytes(fill.roomBytes) })}
        </span>
      </header>
      <meter class="visually-hidden" min={0} max={100} value={percent} aria-label={t('How full the buffer is')}>
        {t('{n} % full', { n: percent })}
      </meter>
      <div class="fill" aria-hidden="true">
        {priorities.map((priority) => (
          <span class={priority} key={priority} style={{ flexBasis: shareOf(fill.bytes[priority], fill.roomBytes) }} />
        ))}
        <span class="mark" title={t('80 %: an alarm is raised from here on')} />
      </div>
      <ul class="legend">
        {priorities.map((priority) => (
          <li key={priority}>
            <span class={`swatch fill-${priority}`} />
            {priorityName(priority)}: {count(fill.records[priority])} · {bytes(fill.bytes[priority])}
          </li>
        ))}
      </ul>
      {fill.roomBytes < buffer.maxBytes && (
        <p class="hint">
          {t('It may take {max} ({key}), but its disk has no more room than that.', {
            max: bytes(buffer.maxBytes),
            key: 'buffer.maxBytes',
          })}
        </p>
      )}
      <dl class="pairs">
        <dt>{t('Holds')}</dt>
        <dd>
          {buffer.waitingRecords === 0
            ? t('Nothing: everything was confirmed by the collector.')
            : t('The last {time}', { time: duration(buffer.oldestWaitingSeconds) })}
        </dd>
        <dt>{t('At this rate')}</dt>
        <dd>{outlookText(outlook)}</dd>
        <dt>{t('Dropped next, if it were full')}</dt>
        <dd>{nextText(next, buffer.waitingRecords)}</dd>
      </dl>
    </section>
  );
}

/** Something that is there is seen, however little it is. */
function shareOf(part: number, whole: number): string {
  if (part === 0 || whole === 0) return '0';
  return `max(3px, ${(part / whole) * 100}%)`;
}

function outlookText(outlook: Outlook): string {
  switch (outlook.kind) {
    case 'steady':
      return t('What comes in goes out.');
    case 'fills':
      return t('Full in {time}', { time: duration(outlook.seconds) });
    case 'empties':
      return t('Empty in {time}', { time: duration(outlook.seconds) });
    case 'unknown':
      return t('Watching for a few seconds …');
  }
}

function nextText(next: DroppedNext | undefined, waiting: number): string {
  if (waiting === 0) return t('Nothing waits that could be dropped.');
  if (next === undefined) return t('Nothing: what waits must not be dropped, so its sources would have to wait.');
  const values = { rule: next.rule, priority: priorityName(next.priority) };
  return next.which === 'oldest'
    ? plural(
        next.records,
        'What expired, then the oldest of the rule {rule} ({priority}, {n} record)',
        'What expired, then the oldest of the rule {rule} ({priority}, {n} records)',
        values,
      )
    : plural(
        next.records,
        'What comes in under the rule {rule} ({priority}, {n} record waits)',
        'What comes in under the rule {rule} ({priority}, {n} records wait)',
        values,
      );
}
