import './discover.css';
import { t } from '../../i18n/text.ts';
import { Topics } from './topics.tsx';

/** What comes in and is not known yet, and how it becomes known. */
export function Page() {
  return (
    <>
      <div class="page-head">
        <h1>{t('Discover')}</h1>
      </div>
      <Topics />
    </>
  );
}
