import { useState } from 'preact/hooks';
import { t } from '../i18n/text.ts';
import { Icon } from './icon.tsx';

/** A text to be copied, and the button that does it. */
export function Copy({ text, label }: { readonly text: string; readonly label?: string }) {
  const [isDone, setDone] = useState(false);
  const copy = async (): Promise<void> => {
    await copyText(text);
    setDone(true);
    setTimeout(() => setDone(false), 2_000);
  };
  return (
    <div class="copy">
      {label !== undefined && <span class="visually-hidden">{label}</span>}
      <pre>{text}</pre>
      <button class="button" type="button" onClick={copy}>
        <Icon name={isDone ? 'check' : 'copy'} />
        {isDone ? t('Copied') : t('Copy')}
      </button>
    </div>
  );
}

/** `navigator.clipboard` is only there over TLS or on this machine, and a gateway in a LAN has often neither. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}
