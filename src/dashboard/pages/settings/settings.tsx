import './settings.css';
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../../i18n/text.ts';
import { link, place } from '../../router.ts';
import { isAdmin } from '../../state/session.ts';
import { Problem } from '../../ui/problem.tsx';
import { Empty } from '../../ui/state.tsx';
import { useLive } from '../../ui/use-live.ts';
import { findAppliance, isAppliance } from './appliance.ts';
import { loadConfig } from './config-state.ts';
import { Pending } from './pending.tsx';
import { type Section, sectionName, sections } from './sections.ts';

/** How the gateway is set up, and who may do what. */
export function Page() {
  useEffect(() => void (isAdmin() && findAppliance()), []);
  const mine = sections.filter(
    ({ isForAdmins, isOfAppliance }) => (!isForAdmins || isAdmin()) && (!isOfAppliance || isAppliance.value !== false),
  );
  // Asked for by its address it is there before that is known.
  const shown = mine.filter(({ isOfAppliance }) => !isOfAppliance || isAppliance.value);
  const wanted = place.value.rest[0] ?? mine[isAdmin() ? 1 : 0]?.name;
  const section = mine.find(({ name }) => name === wanted);
  return (
    <>
      <div class="page-head">
        <h1>{t('Settings')}</h1>
      </div>
      {isAdmin() && <Changes />}
      <div class="settings">
        <nav aria-label={t('Settings')}>
          {shown.map(({ name }) => (
            <a href={link('settings', name)} aria-current={name === wanted ? 'page' : undefined} key={name}>
              {sectionName(name)}
            </a>
          ))}
        </nav>
        <div class="stack section">
          {section === undefined ? (
            <Empty title={isAdmin() ? t('There is no such page.') : t('This is for administrators.')}>
              <a class="button" href={link('settings', 'you')}>
                {sectionName('you')}
              </a>
            </Empty>
          ) : (
            <Loaded section={section} key={section.name} />
          )}
        </div>
      </div>
    </>
  );
}

/** Changes that wait for a restart or for a confirmation, whatever one looks at. */
function Changes() {
  useEffect(() => void loadConfig(), []);
  // A stream that begins anew may be that of a gateway that has started anew.
  useLive({ kinds: ['status'] }, () => undefined, loadConfig);
  return <Pending />;
}

function Loaded({ section }: { readonly section: Section }) {
  const [loaded, setLoaded] = useState<{ Section: ComponentType } | { error: unknown }>();
  useEffect(() => {
    section.load().then(setLoaded, (error) => setLoaded({ error }));
  }, [section]);
  if (loaded === undefined) return <p class="loading">{t('Loading …')}</p>;
  if ('error' in loaded) return <Problem error={loaded.error} />;
  return <loaded.Section />;
}
