import { useComputed } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n/text.ts';
import type { LiveWish } from '../live/protocol.ts';
import { pages } from '../pages.ts';
import { link, place } from '../router.ts';
import { followPerson } from '../state/person-preferences.ts';
import { askShown, recall } from '../state/preferences.ts';
import { askWho, session } from '../state/session.ts';
import { refresh, useOfStatus } from '../state/status.ts';
import { Problem } from '../ui/problem.tsx';
import { Empty } from '../ui/state.tsx';
import { sayProblem, Toasts } from '../ui/toasts.tsx';
import { useLive } from '../ui/use-live.ts';
import { Frame } from './frame.tsx';
import { Keyboard } from './keyboard.tsx';
import { pageName } from './page-names.ts';
import { SignIn } from './sign-in.tsx';

const againMs = 3_000;

/** The dashboard. */
export function App() {
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const first = (): void => {
      askWho().then(
        () => setError(undefined),
        (problem) => {
          setError(problem);
          timer = setTimeout(first, againMs);
        },
      );
    };
    first();
    return () => clearTimeout(timer);
  }, []);
  const { state } = session.value;
  // Its steps have no rail beside them: there is one thing to do.
  const isFirstRun = place.value.page === 'first-run';
  return (
    <>
      {state === 'unknown' && (
        <main class="narrow">
          {error === undefined ? <p class="loading">{t('Asking the gateway …')}</p> : <Problem error={error} />}
        </main>
      )}
      {state === 'signed-out' && <SignIn />}
      {(state === 'new' || (state === 'signed-in' && isFirstRun)) && <Loaded name="first-run" />}
      {state === 'signed-in' && !isFirstRun && <SignedIn />}
      <Toasts />
    </>
  );
}

/** A state that changed is told at once, and an alarm; what is counted is asked for now and then. */
const statusWish: LiveWish = { kinds: ['status', 'alarm'] };

function SignedIn() {
  useEffect(useOfStatus, []);
  useEffect(() => followPerson(sayProblem), []);
  useEffect(() => {
    // Without it things are metric; whatever else fails too is said where it is looked at.
    askShown().catch(() => undefined);
  }, []);
  useEffect(() => {
    // Nothing is missed as long as it is not there: the page of alarms tells more.
    if (recall('notify-alarms') === 'on')
      import('../pages/alarms/notify.ts').then(
        (one) => one.recallNotifying(),
        () => undefined,
      );
  }, []);
  useLive(statusWish, refresh, refresh);
  const page = useComputed(() => place.value.page).value;
  useEffect(() => {
    document.title = `${pageName(page)} · Headgate`;
    // A new page is read from its beginning.
    document.getElementById('main')?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [page]);
  return (
    <>
      <Frame>
        <Loaded name={page} key={page} />
      </Frame>
      <Keyboard />
    </>
  );
}

/** A page, once its code is there. */
function Loaded({ name }: { readonly name: string }) {
  const [loaded, setLoaded] = useState<{ Page: ComponentType } | { error: unknown }>();
  const page = pages.find((one) => one.name === name);
  useEffect(() => {
    page?.load().then(setLoaded, (error) => setLoaded({ error }));
  }, [page]);
  if (page === undefined) {
    return (
      <Empty title={t('There is no such page.')}>
        <a class="button" href={link('overview')}>
          {t('To the overview')}
        </a>
      </Empty>
    );
  }
  if (loaded === undefined) return <p class="loading">{t('Loading …')}</p>;
  if ('error' in loaded) return <Problem error={loaded.error} />;
  return <loaded.Page />;
}
