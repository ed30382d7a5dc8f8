import { useState } from 'preact/hooks';
import type { GetSerialAnswer } from '../../api/schema.ts';
import { t } from '../../i18n/text.ts';
import { isAdmin } from '../../state/session.ts';
import { Field } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';
import { Empty, Notice, State } from '../../ui/state.tsx';
import { useAnswer } from '../../ui/use-answer.ts';
import { Listen } from './listen.tsx';

type Port = GetSerialAnswer['ports'][number];

/** The serial ports of this machine: what is read from them, and what may be on the others. */
export function Serial() {
  const [answer, again] = useAnswer<GetSerialAnswer>('api/v1/serial', undefined, 4_000);
  const [other, setOther] = useState('');
  const [path, setPath] = useState<string>();
  if (answer.state === 'asking') return <p class="loading">{t('Asking the gateway …')}</p>;
  if (answer.state === 'failed') return <Problem error={answer.error} />;
  const { ports } = answer.value;
  return (
    <>
      {answer.error !== undefined && <Problem error={answer.error} />}
      {ports.length === 0 && (
        <Empty title={t('This machine has no serial port')}>
          <p>{t('Plug one in, a USB adapter say: it is listed at once.')}</p>
        </Empty>
      )}
      <ul class="stack" aria-label={t('Serial ports')}>
        {ports.map((port) => (
          <PortCard port={port} onAdded={again} key={port.path} />
        ))}
      </ul>
      {isAdmin() && (
        <section class="card stack">
          <h2>{t('Another port')}</h2>
          <form
            class="stack"
            onSubmit={(event) => {
              event.preventDefault();
              setPath(other);
            }}
          >
            <Field label={t('Path')} hint={t('A virtual one: a link to a pseudo-terminal, as socat makes it.')} narrow>
              <input
                class="mono"
                required
                pattern="/.+"
                placeholder="/dev/ttyV0"
                value={other}
                onInput={(e) => {
                  setOther(e.currentTarget.value);
                  setPath(undefined);
                }}
              />
            </Field>
            {path === undefined && (
              <div>
                <button class="button" type="submit">
                  {t('Find out what is on it')}
                </button>
              </div>
            )}
          </form>
          {path !== undefined && <Listen path={path} onAdded={again} key={path} />}
        </section>
      )}
    </>
  );
}

function PortCard({ port, onAdded }: { readonly port: Port; readonly onAdded: () => void }) {
  const { path, node, usb, adapter, suggestions, configured } = port;
  const [isOpen, setOpen] = useState(false);
  const known = [usb?.manufacturer, usb?.name].filter(Boolean).join(' ');
  const [best] = suggestions;
  return (
    <li class="card topic">
      <div class="row">
        <h2 class="grow mono">{path}</h2>
        <PortState port={port} />
      </div>
      <p class="hint" dir="auto">
        {[known || adapter || t('Not on USB'), node !== path && node, usb && `${usb.vendor}:${usb.product}`]
          .filter(Boolean)
          .join(' · ')}
      </p>
      {configured !== null && (
        <p>
          {configured.profile === null
            ? t('A Modbus bus, {name}.', { name: configured.name })
            : t('Read as {name}, by {profile}.', { name: configured.name, profile: configured.profile })}
        </p>
      )}
      {configured?.reason && <Notice tone="warn" title={configured.reason} lang="en" />}
      {configured?.hint && <Notice tone="warn" title={configured.hint} lang="en" />}
      {configured === null && best !== undefined && (
        <p>
          {t('Perhaps {profile}:', { profile: best.profile })}{' '}
          <span class="soft" lang="en">
            {best.reason}
          </span>
        </p>
      )}
      {configured === null && isAdmin() && node !== null && !isOpen && (
        <div>
          <button class="button" type="button" onClick={() => setOpen(true)}>
            {t('Find out what is on it')}
          </button>
        </div>
      )}
      {isOpen && configured === null && <Listen path={path} onAdded={onAdded} />}
    </li>
  );
}

function PortState({ port: { node, configured } }: { readonly port: Port }) {
  if (configured?.state === 'open' && configured.hint === null) return <State tone="good">{t('Read from')}</State>;
  if (configured?.state === 'open') return <State tone="warn">{t('Nothing readable')}</State>;
  if (configured !== null && node === null) return <State tone="bad">{t('Not plugged in')}</State>;
  if (configured !== null) return <State tone="warn">{t('Waiting')}</State>;
  return <State tone="idle">{t('Not used')}</State>;
}
