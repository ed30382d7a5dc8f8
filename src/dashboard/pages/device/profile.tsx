import { useState } from 'preact/hooks';
import type { GetProfilesVendorModelAnswer } from '../../api/schema.ts';
import { fieldValue } from '../../i18n/format.ts';
import { plural, t } from '../../i18n/text.ts';
import type { MeasurementEvent } from '../../live/protocol.ts';
import { link } from '../../router.ts';
import { Age } from '../../ui/age.tsx';
import { Problem } from '../../ui/problem.tsx';
import { useAnswer } from '../../ui/use-answer.ts';
import { useLive } from '../../ui/use-live.ts';
import { type Device, wishFor } from './about.ts';
import { profilePath } from './commands.tsx';

/** How its messages are read, with the newest as an example. */
export function Profile({ device }: { readonly device: Device }) {
  const { id, profile } = device;
  const [last, setLast] = useState<MeasurementEvent>();
  useLive(wishFor(id), (events) => {
    const newest = events.findLast((one) => one.event === 'measurement' && one.deviceId === id);
    if (newest !== undefined) setLast(newest as MeasurementEvent);
  });
  return (
    <section class="card" aria-labelledby="device-profile">
      <h2 id="device-profile">{t('How its messages are read')}</h2>
      {profile === null ? (
        <>
          <p>{t('No profile knows its messages. Their numbers and texts are taken as they are.')}</p>
          <p>
            <a href={link('discover')}>{t('Discover')}</a>
          </p>
        </>
      ) : (
        <Known name={profile.name} />
      )}
      <h3>{t('Its newest message')}</h3>
      {last === undefined ? (
        <p class="hint">{t('It is shown as soon as one comes.')}</p>
      ) : (
        <>
          <p class="hint">
            <code>
              <bdi>{last.topic}</bdi>
            </code>{' '}
            <Age at={last.receivedAt} />
          </p>
          <dl class="pairs">
            {last.fields.map(({ name, value, unit }) => (
              <>
                <dt>
                  <bdi>{name}</bdi>
                </dt>
                <dd>
                  <bdi>{fieldValue(value, unit)}</bdi>
                </dd>
              </>
            ))}
          </dl>
        </>
      )}
    </section>
  );
}

function Known({ name }: { readonly name: string }) {
  const [answer] = useAnswer<GetProfilesVendorModelAnswer>(profilePath(name));
  if (answer.state === 'asking') return <p class="hint">{t('Asking the gateway …')}</p>;
  if (answer.state === 'failed') return <Problem error={answer.error} />;
  const { title, about, topics, messages, failures, lastFailure, version, origin } = answer.value;
  return (
    <>
      <dl class="pairs">
        <dt>{t('Profile')}</dt>
        <dd>
          {title}
          <br />
          <span class="hint mono">
            {name} {version} · {origin}
          </span>
        </dd>
        {about !== null && (
          <>
            <dt>{t('What it is')}</dt>
            <dd>{about}</dd>
          </>
        )}
        {topics.length > 0 && (
          <>
            <dt>{t('Topics')}</dt>
            <dd class="mono">{topics.join(' ')}</dd>
          </>
        )}
        <dt>{t('Messages')}</dt>
        <dd>
          {plural(messages, '{n} since the start', '{n} since the start')}
          {failures > 0 && (
            <>
              <br />
              {plural(failures, '{n} of them could not be read', '{n} of them could not be read')}
            </>
          )}
        </dd>
      </dl>
      {lastFailure !== null && (
        <details>
          <summary>{t('The last one that could not be read')}</summary>
          <p>
            <code>
              <bdi>{lastFailure.topic}</bdi>
            </code>{' '}
            <Age at={lastFailure.at} />
          </p>
          <p>{lastFailure.failure}</p>
          <pre>{lastFailure.payload}</pre>
        </details>
      )}
    </>
  );
}
