import './styles/base.css';
import { render } from 'preact';
import { App } from './shell/app.tsx';
import { startClock } from './state/clock.ts';
import { recallPreferences } from './state/preferences.ts';

startClock();
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
