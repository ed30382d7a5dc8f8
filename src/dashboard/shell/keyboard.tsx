import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n/text.ts';
import { isPaused } from '../live/live.ts';
import { pages } from '../pages.ts';
import { go, link } from '../router.ts';
import { hasShortcuts, setShortcuts } from '../state/preferences.ts';
import { Dialog } from '../ui/dialog.tsx';
import { actionOf } from './keys.ts';
import { pageName } from './page-names.ts';

/** `g` holds for that long, in ms. */
const betweenMs = 1_500;
const byKey = new Map(pages.flatMap(({ key, name }) => (key === undefined ? [] : [[key, name] as const])));

/** Keys, as long as the page is there; `?` tells them. */
export function Keyboard() {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    let begunAt = Number.NEGATIVE_INFINITY;
    const pressed = (event: KeyboardEvent): void => {
      if (!hasShortcuts.value || event.defaultPrevented) return;
      const isAfterG = event.timeStamp - begunAt < betweenMs;
      begunAt = Number.NEGATIVE_INFINITY;
      const isChord = event.ctrlKey || event.altKey || event.metaKey;
      const action = actionOf({ key: event.key, isChord, isTyping: isTaken(event) }, isAfterG, byKey);
      if (action.kind === 'nothing') return;
      event.preventDefault();
      switch (action.kind) {
        case 'begun':
          begunAt = event.timeStamp;
          break;
        case 'page':
          go(link(action.name));
          break;
        case 'search':
          document.querySelector<HTMLElement>('[data-search]')?.focus();
          break;
        case 'row':
          toRow(action.by);
          break;
        case 'pause':
          isPaused.value = !isPaused.value;
          break;
        case 'help':
          setOpen(true);
      }
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, []);
  return isOpen ? <Help onClose={() => setOpen(false)} /> : null;
}

/** Whether a key belongs to what has the focus: a text, a choice, a chart, an open dialog; space to what it presses. */
function isTaken({ target, key }: KeyboardEvent): boolean {
  if (document.querySelector('dialog[open]') !== null) return true;
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest('input, select, textarea, [contenteditable], [role="application"]') !== null) return true;
  return key === ' ' && target.closest('button, a, summary, [tabindex="0"]') !== null;
}

/** The link of the next or the last row gets the focus, so that Enter opens it. */
function toRow(by: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLElement>('main tbody tr a, main [data-row] a')];
  const at = links.indexOf(document.activeElement as HTMLElement);
  links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
}

function Help({ onClose }: { readonly onClose: () => void }) {
  const rows: readonly (readonly [keys: string, text: string])[] = [
    ['/', t('Search')],
    ['j / k', t('Next row, last row')],
    ['Enter', t('Open the row')],
    ['Space', t('Pause and go on')],
    ['Esc', t('Close')],
    ['?', t('These keys')],
    ...pages.flatMap(({ name, key }) => (key === undefined ? [] : [[`g ${key}`, pageName(name)] as const])),
  ];
  return (
    <Dialog title={t('Keys')} onClose={onClose}>
      <dl class="pairs">
        {rows.map(([keys, text]) => (
          <>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{text}</dd>
          </>
        ))}
      </dl>
      <div class="row">
        <label class="check grow">
          <input type="checkbox" checked={hasShortcuts.value} onChange={(e) => setShortcuts(e.currentTarget.checked)} />
          {t('Single keys do something')}
        </label>
        <button class="button primary" type="button" onClick={onClose}>
          {t('Close')}
        </button>
      </div>
    </Dialog>
  );
}
