import type { ComponentChildren } from 'preact';
import { Icon } from './icon.tsx';

/** How good it is: `idle` is neither. */
export type Tone = 'good' | 'warn' | 'bad' | 'idle';
const icons = { good: 'check', warn: 'warning', bad: 'error', idle: 'idle' } as const;

/** A state: a sign and a word in a colour. */
export function State({ tone, children }: { readonly tone: Tone; readonly children: ComponentChildren }) {
  return (
    <span class={`state ${tone}`}>
      <Icon name={icons[tone]} />
      <span>{children}</span>
    </span>
  );
}

/** What people should know: in a box of its own. */
export function Notice({
  tone = 'idle',
  title,
  lang,
  children,
}: {
  readonly tone?: Tone;
  readonly title?: string;
  /** Of the title, where it is the gateway's own words: those are English. */
  readonly lang?: 'en';
  readonly children?: ComponentChildren;
}) {
  return (
    <div class={`notice ${tone}`} role={tone === 'bad' ? 'alert' : undefined}>
      {title !== undefined && <strong lang={lang}>{title}</strong>}
      {children}
    </div>
  );
}

/** Where there is nothing yet: what it is, and one thing to do. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children}
    </div>
  );
}
