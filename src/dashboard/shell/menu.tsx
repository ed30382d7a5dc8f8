import { t } from '../i18n/text.ts';
import { pages } from '../pages.ts';
import { link } from '../router.ts';
import { session, signOut } from '../state/session.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Icon } from '../ui/icon.tsx';
import { Looks } from '../ui/looks.tsx';
import { say, sayProblem } from '../ui/toasts.tsx';
import { pageName } from './page-names.ts';

/** Who one is, and how things are shown. */
export function Menu({ onClose }: { readonly onClose: () => void }) {
  const who = session.value;
  // On the gateway's own machine one has no name.
  const name = who.state === 'signed-in' && who.person.kind !== 'local' ? who.person.name : undefined;
  return (
    <Dialog title={name ?? t('This browser')} onClose={onClose}>
      <nav class="row only-narrow" aria-label={t('Pages')}>
        {pages.map(
          ({ name, icon, place }) =>
            place === 'rail-wide' && (
              <a class="button" href={link(name)} onClick={onClose} key={name}>
                <Icon name={icon} />
                {pageName(name)}
              </a>
            ),
        )}
      </nav>
      <Looks />
      <div class="row">
        {who.state === 'signed-in' && who.person.kind === 'person' && (
          <button class="button" type="button" onClick={() => leave().then(onClose, sayProblem)}>
            {t('Sign out')}
          </button>
        )}
        <span class="grow" />
        <button class="button primary" type="button" onClick={onClose}>
          {t('Close')}
        </button>
      </div>
    </Dialog>
  );
}

async function leave(): Promise<void> {
  if (await signOut()) return;
  say(
    t(
      'You are signed out, but the disk refuses to note it: should the gateway start again before, you may be in again.',
    ),
    {
      tone: 'bad',
    },
  );
}
