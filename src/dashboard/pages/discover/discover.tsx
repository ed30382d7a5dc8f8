import './discover.css';
import { t } from '../../i18n/text.ts';
import { link, place } from '../../router.ts';
import { Profiles } from './profiles.tsx';
import { Serial } from './serial.tsx';
import { Topics } from './topics.tsx';

/** What comes in and is not known yet, and how it becomes known. */
export function Page() {
  const [tab = 'topics'] = place.value.rest;
  return (
    <>
      <div class="page-head">
        <h1>{t('Discover')}</h1>
        <nav class="segments" aria-label={t('What to discover')}>
          <Tab name="topics" now={tab}>
            {t('Topics')}
          </Tab>
          <Tab name="serial" now={tab}>
            {t('Serial ports')}
          </Tab>
          <Tab name="profile" now={tab}>
            {t('Own profiles')}
          </Tab>
        </nav>
      </div>
      {tab === 'profile' ? <Profiles /> : tab === 'serial' ? <Serial /> : <Topics />}
    </>
  );
}

function Tab({ name, now, children }: { readonly name: string; readonly now: string; readonly children: string }) {
  const isHere = name === now;
  return (
    <a
      class={`button ${isHere ? 'here' : ''}`}
      href={name === 'topics' ? link('discover') : link('discover', name)}
      aria-current={isHere ? 'page' : undefined}
    >
      {children}
    </a>
  );
}
