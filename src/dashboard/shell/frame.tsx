import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { count } from '../i18n/format.ts';
import { plural, t } from '../i18n/text.ts';
import icon from '../icon.svg';
import { pages } from '../pages.ts';
import { link, place } from '../router.ts';
import { gatewayName } from '../state/preferences.ts';
import { status } from '../state/status.ts';
import { Icon } from '../ui/icon.tsx';
import { Menu } from './menu.tsx';
import { pageName } from './page-names.ts';
import { StreamStateWord } from './stream-state.tsx';

/** What is around every page: the rail, the bar, and the page's own place. */
export function Frame({ children }: { readonly children: ComponentChildren }) {
  const [isOpen, setOpen] = useState(false);
  const gateway = status.value?.gateway;
  const here = place.value.page === 'device' ? 'devices' : place.value.page;
  return (
    <div class="frame">
      <button class="skip" type="button" onClick={() => document.getElementById('main')?.focus()}>
        {t('To the content')}
      </button>
      <nav class="rail" aria-label={t('Pages')}>
        <a class="brand" href={link('overview')}>
          <img src={icon} alt="" />
          Headgate
        </a>
        {pages.map(
          ({ name, icon, place: where }) =>
            where !== 'none' && (
              <a
                class={`page ${where === 'rail-wide' ? 'wide-only' : ''}`}
                href={link(name)}
                aria-current={here === name ? 'page' : undefined}
                key={name}
              >
                <Icon name={icon} />
                <span>{pageName(name)}</span>
                {name === 'alarms' && <AlarmCount />}
              </a>
            ),
        )}
        <p class="foot">{gateway !== undefined && `${gateway.id} · ${gateway.version}`}</p>
      </nav>
      <div class="main">
        <header class="bar">
          <strong class="nowrap" dir="auto">
            {gatewayName.value ?? gateway?.id ?? 'Headgate'}
          </strong>
          <span class="space" />
          <StreamStateWord />
          <button
            class="button plain"
            type="button"
            onClick={() => setOpen(true)}
            aria-label={t('You and this browser')}
          >
            <Icon name="person" />
          </button>
        </header>
        <main id="main" tabIndex={-1}>
          {children}
        </main>
      </div>
      {isOpen && <Menu onClose={() => setOpen(false)} />}
    </div>
  );
}

/** How many alarms nobody knows of yet. */
function AlarmCount() {
  const active = status.value?.alarms.active;
  if (active === undefined) return null;
  const n = active.info + active.warning + active.critical;
  if (n === 0) return null;
  return (
    <span class={active.critical > 0 ? 'badge bad' : 'badge'}>
      <span aria-hidden="true">{n > 99 ? '99+' : count(n)}</span>
      <span class="visually-hidden">{plural(n, '{n} active', '{n} active')}</span>
    </span>
  );
}
