import './styles/base.css';
import { render } from 'preact';
import { pages } from './pages.ts';
import { place } from './router.ts';
import { App } from './shell/app.tsx';
import { renewWhenUpdated } from './shell/renew.ts';
import { startClock } from './state/clock.ts';
import { recallPreferences } from './state/preferences.ts';

startClock();
renewWhenUpdated(window);
// The page's own code comes while the gateway is asked who this is; who is not let in has it for later.
pages
  .find(({ name }) => name === place.value.page)
  ?.load()
  .catch(() => undefined);
const root = document.getElementById('app');
if (root !== null) {
  // English is there at once; a catalogue that can't be loaded must not keep the page away.
  recallPreferences()
    .catch(() => undefined)
    .then(() => {
      root.replaceChildren();
      render(<App />, root);
    });
}
