import { useState } from 'preact/hooks';
import { plural, t } from '../../i18n/text.ts';
import { place, setQuery } from '../../router.ts';
import { Field } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';
import { Empty } from '../../ui/state.tsx';
import { Adopt } from './adopt.tsx';
import { ignore, takeBack } from './decide.ts';
import { alikeIn, type Topic } from './topic-list.ts';
import { TopicRow } from './topic-row.tsx';
import { useTopics } from './use-topics.ts';

const open = 'unknown,suggested';

/** The topics that come in, and what is to be done with them. */
export function Topics() {
  const { state = open, text = '' } = place.value.query;
  const { list, error, again, change } = useTopics(state === 'all' ? '' : state, text);
  const [adopted, setAdopted] = useState<Topic>();
  const isChosen = state !== open || text !== '';
  return (
    <>
      <search class="topic-filters">
        <Field label={t('Search')}>
          <input
            type="search"
            data-search
            value={text}
            placeholder={t('Topic or profile')}
            onInput={(e) => setQuery({ text: e.currentTarget.value || undefined })}
          />
        </Field>
        <Field label={t('State')}>
          <select value={state} onChange={(e) => setQuery({ state: e.currentTarget.value })}>
            <option value={open}>{t('To be decided')}</option>
            <option value="suggested">{t('With a suggestion')}</option>
            <option value="automatic">{t('Recognised')}</option>
            <option value="adopted">{t('Adopted')}</option>
            <option value="ignored">{t('Ignored')}</option>
            <option value="all">{t('All')}</option>
          </select>
        </Field>
      </search>
      {error !== undefined && <Problem error={error} />}
      {list === undefined ? (
        error === undefined && <p class="loading">{t('Asking the gateway …')}</p>
      ) : (
        <>
          <div class="row">
            <span class="hint grow">
              {plural(list.rows.length + list.further, '{n} kind of topic', '{n} kinds of topics')}
            </span>
            {list.fresh > 0 && (
              <button class="button" type="button" onClick={() => again()}>
                {plural(list.fresh, '{n} new', '{n} new')}
              </button>
            )}
          </div>
          {list.rows.length === 0 && <Nothing isChosen={isChosen} />}
          <ul class="stack topics" aria-label={t('Topics')}>
            {list.rows.map((topic) => (
              <TopicRow
                topic={topic}
                onAdopt={() => setAdopted(topic)}
                onIgnore={() => void ignore(topic, change)}
                onTakeBack={() => void takeBack(topic, change)}
                key={topic.template}
              />
            ))}
          </ul>
          {list.further > 0 && (
            <button class="button" type="button" onClick={() => again(100)}>
              {t('Show more')}
            </button>
          )}
        </>
      )}
      {adopted !== undefined && list !== undefined && (
        <Adopt
          topic={adopted}
          alikeBy={(profile) => alikeIn(list.rows, adopted, profile)}
          change={change}
          onClose={() => setAdopted(undefined)}
        />
      )}
    </>
  );
}

function Nothing({ isChosen }: { readonly isChosen: boolean }) {
  if (isChosen) {
    return (
      <Empty title={t('No topic is like that.')}>
        <button class="button" type="button" onClick={() => setQuery({ state: undefined, text: undefined })}>
          {t('Show what is to be decided')}
        </button>
      </Empty>
    );
  }
  return (
    <Empty title={t('Nothing unknown')}>
      <p>{t('Topics arrive here when a device publishes something that no profile matches.')}</p>
      <button class="button" type="button" onClick={() => setQuery({ state: 'all' })}>
        {t('Show all topics')}
      </button>
    </Empty>
  );
}
