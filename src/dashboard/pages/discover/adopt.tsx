import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { GetProfilesAnswer, PostTopicsAdoptAnswer } from '../../api/schema.ts';
import { plural, t } from '../../i18n/text.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';
import { useAnswer } from '../../ui/use-answer.ts';
import { adopt, preview, type Target } from './decide.ts';
import { DecodedMessage } from './decoded.tsx';
import { namingOf, type Topic } from './topic-list.ts';
import type { Topics } from './use-topics.ts';

type Scope = 'template' | 'topic' | 'alike';

/** By which profile topics are to be decoded; what a message of theirs becomes is shown before it is so. */
export function Adopt({
  topic,
  alikeBy,
  change,
  onClose,
}: {
  readonly topic: Topic;
  readonly alikeBy: (profile: string) => readonly string[];
  readonly change: Topics['change'];
  readonly onClose: () => void;
}) {
  const { template, suggestions, lastPayload } = topic;
  const [profile, setProfile] = useState(
    topic.profile ?? (topic.state === 'suggested' ? (suggestions[0]?.profile ?? '') : ''),
  );
  const [scope, setScope] = useState<Scope>('template');
  const [device, setDevice] = useState('');
  const [found, setFound] = useState<PostTopicsAdoptAnswer>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const alike = alikeBy(profile);
  // Others have other suggestions than the profile that is chosen now.
  const isAlike = scope === 'alike' && alike.length > 1;
  const single = lastPayload.topic !== '' && lastPayload.topic !== template ? lastPayload.topic : undefined;
  const target: Target = scope === 'topic' && single !== undefined ? { topic: single } : { template };
  const naming = isAlike ? [] : namingOf('topic' in target ? target.topic : template, lastPayload.topic);
  // Another target has other levels.
  const deviceOf = naming.find(({ pattern }) => pattern === device)?.pattern;
  const key = JSON.stringify([profile, target, deviceOf]);
  useEffect(() => {
    setFound(undefined);
    setError(undefined);
    if (profile === '') return;
    const abort = new AbortController();
    preview(target, profile, deviceOf, abort.signal).then(
      setFound,
      (problem) => abort.signal.aborted || setError(problem),
    );
    return () => abort.abort();
  }, [key]);
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      await adopt(isAlike ? alike.map((one) => ({ template: one })) : [target], profile, deviceOf, change);
      onClose();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <Dialog title={t('Adopt')} onClose={onClose}>
      <form class="stack" onSubmit={save}>
        <p class="mono" dir="auto">
          {template}
        </p>
        <ProfileChoice profile={profile} suggestions={suggestions} onChange={setProfile} />
        {(single !== undefined || alike.length > 1) && (
          <fieldset class="stack">
            <legend class="hint">{t('What it holds for')}</legend>
            <Choice scope="template" now={scope} onChange={setScope}>
              {t('All topics of this kind')}
            </Choice>
            {single !== undefined && (
              <Choice scope="topic" now={scope} onChange={setScope}>
                {t('{topic} alone', { topic: single })}
              </Choice>
            )}
            {alike.length > 1 && (
              <Choice scope="alike" now={scope} onChange={setScope}>
                {plural(
                  alike.length,
                  'The {n} kind of topic that seems to be of this profile',
                  'All {n} kinds of topics that seem to be of this profile',
                )}
                {isAlike && (
                  <span class="hint mono" dir="auto">
                    <br />
                    {alike.join(', ')}
                  </span>
                )}
              </Choice>
            )}
          </fieldset>
        )}
        {naming.length > 1 && (
          <Field label={t('What names the device')}>
            <select value={deviceOf ?? ''} onChange={(e) => setDevice(e.currentTarget.value)}>
              <option value="">{t('As the profile says')}</option>
              {naming.map(({ pattern, label }) => (
                <option value={pattern} key={pattern}>
                  {label}
                </option>
              ))}
            </select>
          </Field>
        )}
        {found !== undefined && (
          <>
            <h3>{t('What a message becomes')}</h3>
            {found.example === null ? (
              <p class="hint">{t('No message was kept whole that it could be tried with.')}</p>
            ) : (
              <DecodedMessage message={found.example} />
            )}
            {!isAlike && (
              <p class="hint" lang="en">
                {found.says}
              </p>
            )}
          </>
        )}
        {error !== undefined && <Problem error={error} />}
        <div class="row">
          <span class="grow" />
          <button class="button" type="button" onClick={onClose}>
            {t('Cancel')}
          </button>
          <button class="button primary" type="submit" disabled={isBusy || found === undefined}>
            {isAlike ? t('Adopt all of them') : t('Adopt')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Choice({
  scope,
  now,
  onChange,
  children,
}: {
  readonly scope: Scope;
  readonly now: Scope;
  readonly onChange: (scope: Scope) => void;
  readonly children: ComponentChildren;
}) {
  return (
    <label class="check">
      <input type="radio" name="scope" checked={scope === now} onChange={() => onChange(scope)} />
      <span>{children}</span>
    </label>
  );
}

function ProfileChoice({
  profile,
  suggestions,
  onChange,
}: {
  readonly profile: string;
  readonly suggestions: Topic['suggestions'];
  readonly onChange: (profile: string) => void;
}) {
  const [answer] = useAnswer<GetProfilesAnswer>('api/v1/profiles');
  if (answer.state === 'failed') return <Problem error={answer.error} />;
  const all = answer.state === 'here' ? answer.value.profiles : [];
  const best = suggestions.find((one) => one.profile === profile);
  return (
    <Field label={t('Profile')} hint={best && <span lang="en">{best.reason}</span>}>
      <select value={profile} required onChange={(e) => onChange(e.currentTarget.value)}>
        <option value="" disabled>
          {t('Choose one')}
        </option>
        {suggestions.length > 0 && (
          <optgroup label={t('Suggested')}>
            {suggestions.map((one) => (
              <option value={one.profile} key={one.profile}>
                {one.title ?? one.profile}
              </option>
            ))}
          </optgroup>
        )}
        <optgroup label={t('All')}>
          {all
            .filter(({ name }) => !suggestions.some((one) => one.profile === name))
            .map(({ name, title }) => (
              <option value={name} key={name}>
                {title} ({name})
              </option>
            ))}
        </optgroup>
      </select>
    </Field>
  );
}
