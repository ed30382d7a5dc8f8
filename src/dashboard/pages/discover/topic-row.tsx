import { count, number } from '../../i18n/format.ts';
import { plural, t } from '../../i18n/text.ts';
import { link } from '../../router.ts';
import { isAdmin } from '../../state/session.ts';
import { Age } from '../../ui/age.tsx';
import { State } from '../../ui/state.tsx';
import { isCut, isOpen, type PayloadKind, payloadKind, type Topic } from './topic-list.ts';

/** The topics of one template: what they carry, what they may be, and what can be done with them. */
export function TopicRow({
  topic,
  onAdopt,
  onIgnore,
  onTakeBack,
}: {
  readonly topic: Topic;
  readonly onAdopt: () => void;
  readonly onIgnore: () => void;
  readonly onTakeBack: () => void;
}) {
  const { template, state, examples, lastPayload, decision } = topic;
  return (
    <li class="card topic">
      <div class="row">
        <h2 class="grow mono" dir="auto">
          {template}
        </h2>
        <StateWord topic={topic} />
      </div>
      <p class="hint">
        {kindName(payloadKind(lastPayload))} · {t('{n} a minute', { n: number(topic.messagesPerMinute) })} ·{' '}
        {plural(topic.topics, '{n} topic', '{n} topics')} · {plural(topic.devices, '{n} device', '{n} devices')} ·{' '}
        <Age at={topic.lastSeen} />
      </p>
      <p class="payload mono" dir="auto">
        {lastPayload.text}
        {isCut(lastPayload) && ' …'}
      </p>
      {examples.length > 0 && examples[0] !== template && (
        <p class="hint" dir="auto">
          {t('For example: {topics}', { topics: examples.slice(0, 3).join(', ') })}
        </p>
      )}
      <Why topic={topic} />
      {decision?.problem && <p class="hint">{decision.problem}</p>}
      {isAdmin() && (
        <div class="row">
          {(state === 'adopted' || state === 'ignored') && (
            <button class="button" type="button" onClick={onTakeBack}>
              {t('Take back')}
            </button>
          )}
          {state !== 'ignored' && (
            <button class={`button ${state === 'suggested' ? 'primary' : ''}`} type="button" onClick={onAdopt}>
              {isOpen(topic) ? t('Adopt …') : t('Use another profile …')}
            </button>
          )}
          {isOpen(topic) && (
            <a class="button" href={link('discover', 'profile', { template })}>
              {t('Make a profile')}
            </a>
          )}
          {state !== 'ignored' && state !== 'adopted' && (
            <button class="button plain" type="button" onClick={onIgnore}>
              {t('Ignore')}
            </button>
          )}
        </div>
      )}
    </li>
  );
}

function StateWord({ topic: { state } }: { readonly topic: Topic }) {
  switch (state) {
    case 'unknown':
      return <State tone="idle">{t('Unknown')}</State>;
    case 'suggested':
      return <State tone="warn">{t('To be confirmed')}</State>;
    case 'automatic':
      return <State tone="good">{t('Recognised')}</State>;
    case 'adopted':
      return <State tone="good">{t('Adopted')}</State>;
    case 'ignored':
      return <State tone="idle">{t('Ignored')}</State>;
  }
}

/** What it may be or is, and why. */
function Why({ topic: { state, profile, suggestions } }: { readonly topic: Topic }) {
  const [best] = suggestions;
  if (profile !== null) {
    return (
      <p>
        {t('Decoded by {profile}.', { profile })}{' '}
        <span class="soft" lang="en">
          {best?.profile === profile && best.reason}
        </span>
      </p>
    );
  }
  if (best === undefined || state !== 'suggested') return null;
  return (
    <p>
      {t('Perhaps {profile}, {n} % sure:', {
        profile: best.title ?? best.profile,
        n: count(best.confidence * 100),
      })}{' '}
      <span class="soft" lang="en">
        {best.reason}
      </span>
    </p>
  );
}

function kindName(kind: PayloadKind): string {
  switch (kind) {
    case 'nothing':
      return t('Empty');
    case 'binary':
      return t('Binary');
    case 'JSON':
      return t('JSON');
    case 'number':
      return t('Number');
    case 'boolean':
      return t('On or off');
    case 'lines':
      return t('Line protocol');
    case 'text':
      return t('Text');
  }
}
