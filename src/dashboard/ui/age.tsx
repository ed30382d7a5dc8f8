import { ago, dateTime } from '../i18n/format.ts';
import { t } from '../i18n/text.ts';
import { now } from '../state/clock.ts';

/** How long ago something was, which goes on by itself. @param at RFC 3339; null: never */
export function Age({ at }: { readonly at: string | null | undefined }) {
  if (at === null || at === undefined) return <span class="soft">{t('never')}</span>;
  const ms = Date.parse(at);
  return (
    <time dateTime={at} title={dateTime(ms)} class="nowrap">
      {ago(ms, now.value)}
    </time>
  );
}
