import { useEffect } from 'preact/hooks';
import type { GetProfilesAnswer } from '../../api/schema.ts';
import { plural, t } from '../../i18n/text.ts';
import { link, place } from '../../router.ts';
import { isAdmin } from '../../state/session.ts';
import { Icon } from '../../ui/icon.tsx';
import { Problem } from '../../ui/problem.tsx';
import { Empty } from '../../ui/state.tsx';
import { useAnswer } from '../../ui/use-answer.ts';
import { broughtBack } from './profile-editor.tsx';
import { ProfileStart } from './profile-start.tsx';

/** The profiles of people's own; and where one is made, when the place says for which topics, or which one. */
export function Profiles() {
  const { template, name, topic } = place.value.query;
  const key = `${template} ${name} ${topic}`;
  if (template !== undefined || name !== undefined || topic !== undefined) return <ProfileStart key={key} />;
  return <OwnList />;
}

function OwnList() {
  const [answer, again] = useAnswer<GetProfilesAnswer>('api/v1/profiles', undefined, 10_000);
  useEffect(again, [broughtBack.value]);
  if (answer.state === 'failed') return <Problem error={answer.error} />;
  if (answer.state === 'asking') return <p class="loading">{t('Asking the gateway …')}</p>;
  const own = answer.value.profiles.filter(({ origin }) => origin !== 'built-in');
  const begin = isAdmin() && (
    <a class="button primary" href={link('discover', 'profile', { topic: '' })}>
      <Icon name="plus" />
      {t('Make a profile')}
    </a>
  );
  if (own.length === 0) {
    return (
      <Empty title={t('No profiles of your own')}>
        <p>
          {plural(
            answer.value.profiles.length,
            '{n} profile comes with Headgate. One of your own says what messages of another device mean.',
            '{n} profiles come with Headgate. One of your own says what messages of another device mean.',
          )}
        </p>
        {begin}
      </Empty>
    );
  }
  return (
    <>
      <div class="row">
        <span class="hint grow">{plural(own.length, '{n} profile of your own', '{n} profiles of your own')}</span>
        {begin}
      </div>
      <ul class="stack">
        {own.map(({ name, title, version, origin, messages, failures, lastFailure }) => (
          <li class="card topic" key={name}>
            <div class="row">
              <h2 class="grow" dir="auto">
                <a href={link('discover', 'profile', { name })}>{title}</a> <span class="soft mono">{name}</span>
              </h2>
              <span class="hint">{t('Version {n}', { n: version })}</span>
            </div>
            <p class="hint">
              {plural(messages, '{n} message decoded', '{n} messages decoded')} ·{' '}
              {plural(failures, '{n} could not be read', '{n} could not be read')} · {origin}
            </p>
            {lastFailure !== null && (
              <p class="hint" dir="auto">
                {lastFailure.topic}: {lastFailure.failure}
              </p>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
