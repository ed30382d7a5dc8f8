import { signal } from '@preact/signals';
import { t } from '../../i18n/text.ts';
import { follow } from '../../live/live.ts';
import { keep, recall } from '../../state/preferences.ts';
import type { Alarm } from './list.ts';

// Notifications of the browser: only after somebody asked for them here, and without a sound.

/** How it is with notifications in this browser. */
export type Notifying =
  /** The browser has none, or the page came without TLS. */
  | 'impossible'
  | 'off'
  /** Somebody wants none from this page; only they can change that, in their browser. */
  | 'refused'
  | 'on';

const kept = 'notify-alarms';
export const notifying = signal<Notifying>(now());
let stop: (() => void) | undefined;

/** Goes on with what was asked for before. */
export function recallNotifying(): void {
  if (notifying.peek() === 'on') listen();
}

/** After a click: asks for leave, and notifies from then on. @throws when the browser refuses to ask */
export async function turnNotifying(): Promise<void> {
  if (notifying.value === 'on') {
    keep(kept, '');
    stop?.();
    stop = undefined;
  } else {
    if ((await Notification.requestPermission()) === 'granted') {
      keep(kept, 'on');
      listen();
    }
  }
  notifying.value = now();
}

function now(): Notifying {
  if (typeof Notification === 'undefined' || !isSecureContext) return 'impossible';
  if (Notification.permission === 'denied') return 'refused';
  return Notification.permission === 'granted' && recall(kept) === 'on' ? 'on' : 'off';
}

function notify({ id, name, text }: Alarm): void {
  try {
    // One of an alarm, also when several pages hear of it.
    new Notification(t('Alarm: {name}', { name }), { body: text, tag: `headgate-${id}`, silent: true });
  } catch {
    // Chrome on Android has them for service workers only, and says so when one is made.
    stop?.();
    stop = undefined;
    notifying.value = 'impossible';
  }
}

function listen(): void {
  stop ??= follow({
    wish: { kinds: ['alarm'] },
    isAlways: true,
    events: (events) => {
      for (const { change, alarm } of events) {
        if (change !== 'raised') continue;
        notify(alarm as Alarm);
      }
    },
  });
}
