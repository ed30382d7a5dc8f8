import type { GetRulesAnswer } from '../../api/schema.ts';
import { bytes, duration } from '../../i18n/format.ts';
import { t } from '../../i18n/text.ts';
import { priorityName } from '../../ui/reason.ts';
import { Notice } from '../../ui/state.tsx';

export type Meaning = GetRulesAnswer['rules'][number];

/** What a rule does, and to what. */
export function Means({ meaning: { matches, handlings, thins, forward, hiddenBy } }: { readonly meaning: Meaning }) {
  return (
    <>
      {hiddenBy !== null && (
        <Notice
          tone="warn"
          title={t('It never holds: {rule}, before it, takes all that it could match', { rule: hiddenBy })}
        />
      )}
      <dl class="pairs">
        <dt>{t('For')}</dt>
        <dd dir="auto">{matches}</dd>
        {handlings.map((one) => (
          <Handling key={one.of} handling={one} />
        ))}
        {thins !== null && (
          <>
            <dt>{t('Thinned')}</dt>
            <dd>{thins}</dd>
          </>
        )}
        {!forward && (
          <>
            <dt>{t('Forwarded')}</dt>
            <dd>{t('no: for local readers only')}</dd>
          </>
        )}
      </dl>
    </>
  );
}

function Handling({
  handling: { of, priority, durability, ttlMs, whenFull, maxBytes },
}: {
  readonly handling: Meaning['handlings'][number];
}) {
  const facts = [
    priorityName(priority),
    durabilityText(durability),
    ttlMs === null ? t('kept until delivered') : t('kept for {time}', { time: duration(ttlMs / 1_000) }),
    whenFullText(whenFull),
    maxBytes !== null && t('up to {size}', { size: bytes(maxBytes) }),
  ];
  return (
    <>
      <dt>{of === 'all' ? t('Handled') : of === 'others' ? t('Other messages') : t('MQTT QoS 0')}</dt>
      <dd>{facts.filter(Boolean).join(' · ')}</dd>
    </>
  );
}

function durabilityText(durability: Meaning['handlings'][number]['durability']): string {
  switch (durability) {
    case 'local':
      return t('acknowledged once on disk');
    case 'anywhere':
      return t('acknowledged once on disk or delivered');
    case 'relaxed':
      return t('acknowledged at once, on disk within a second');
    case 'memory':
      return t('acknowledged at once, never on disk');
  }
}

function whenFullText(whenFull: Meaning['handlings'][number]['whenFull']): string {
  switch (whenFull) {
    case 'block':
      return t('when full, its sources wait');
    case 'dropOldest':
      return t('when full, the oldest go');
    case 'dropNewest':
      return t('when full, new ones go');
  }
}
