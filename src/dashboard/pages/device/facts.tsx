import { useState } from 'preact/hooks';
import { count } from '../../i18n/format.ts';
import { plural, t } from '../../i18n/text.ts';
import { Age } from '../../ui/age.tsx';
import { useLive } from '../../ui/use-live.ts';
import { type Device, wishFor } from './about.ts';

const shownTopics = 6;

/** What is known of it beside what it measures. */
export function Facts({ device }: { readonly device: Device }) {
  const { id, profile, source, via, firstSeen, lastSeen, topics, toldName, givenName } = device;
  const [heard, setHeard] = useState<{ at: string; more: number }>();
  useLive(wishFor(id), (events) => {
    const own = events.filter((one) => one.event === 'measurement' && one.deviceId === id);
    const at = own.at(-1)?.receivedAt;
    if (typeof at === 'string') setHeard((before) => ({ at, more: (before?.more ?? 0) + own.length }));
  });
  return (
    <section class="card" aria-labelledby="device-facts">
      <h2 id="device-facts">{t('About it')}</h2>
      <dl class="pairs">
        <dt>{t('Id')}</dt>
        <dd class="mono">
          <bdi>{id}</bdi>
        </dd>
        {givenName !== null && toldName !== null && (
          <>
            <dt>{t('Calls itself')}</dt>
            <dd>
              <bdi>{toldName}</bdi>
            </dd>
          </>
        )}
        <dt>{t('Profile')}</dt>
        <dd>{profile?.name ?? t('none')}</dd>
        <dt>{t('Heard by')}</dt>
        <dd>{via === null ? source : t('{source}, by way of {via}', { source, via })}</dd>
        <dt>{t('First heard')}</dt>
        <dd>
          <Age at={firstSeen.at} />
        </dd>
        <dt>{t('Last heard')}</dt>
        <dd>
          <Age at={heard?.at ?? lastSeen?.at} />
        </dd>
        <dt>{t('Messages')}</dt>
        <dd>{count(device.messages + (heard?.more ?? 0))}</dd>
        <dt>{t('Topics')}</dt>
        <dd class="mono">
          {topics.slice(0, shownTopics).map((topic) => (
            <div key={topic}>
              <bdi>{topic}</bdi>
            </div>
          ))}
          {topics.length > shownTopics && plural(topics.length - shownTopics, 'and {n} more', 'and {n} more')}
        </dd>
      </dl>
    </section>
  );
}
