import { useEffect, useRef, useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { PostSerialScanAnswer } from '../../api/schema.ts';
import { count, duration } from '../../i18n/format.ts';
import { plural, t } from '../../i18n/text.ts';
import { now } from '../../state/clock.ts';
import { Field } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';
import { Notice } from '../../ui/state.tsx';
import { AddPort } from './add-port.tsx';
import { dump } from './serial-config.ts';

type Suggestion = PostSerialScanAnswer['suggestions'][number];

/** How listening to a port goes. */
type Listening =
  | { readonly state: 'idle' }
  | { readonly state: 'listening'; readonly sinceMs: number; readonly abort: AbortController }
  | { readonly state: 'heard'; readonly scan: PostSerialScanAnswer }
  | { readonly state: 'failed'; readonly error: unknown };

/** Listens to a port, and tells what may be on it. */
export function Listen({ path, onAdded }: { readonly path: string; readonly onAdded: () => void }) {
  const [baud, setBaud] = useState('');
  const [isAsking, setAsking] = useState(false);
  const [now, setNow] = useState<Listening>({ state: 'idle' });
  const [chosen, setChosen] = useState<Suggestion>();
  const abort = useRef<AbortController>(undefined);
  // Whoever leaves the page does not wait for it any more.
  useEffect(() => () => abort.current?.abort(), []);
  const listen = async (event: Event): Promise<void> => {
    event.preventDefault();
    const own = new AbortController();
    abort.current = own;
    setNow({ state: 'listening', sinceMs: Date.now(), abort: own });
    try {
      const body = { path, ...(baud !== '' && { baud: Number(baud) }), ...(isAsking && { ask: true }) };
      const options = { method: 'POST', body, signal: own.signal } as const;
      setNow({ state: 'heard', scan: await ask<PostSerialScanAnswer>('api/v1/serial/scan', options) });
    } catch (error) {
      setNow(own.signal.aborted ? { state: 'idle' } : { state: 'failed', error });
    }
  };
  return (
    <div class="stack">
      {now.state === 'listening' ? (
        <div class="row" role="status">
          <span class="grow">{isAsking ? t('Listening, and asking …') : t('Listening …')}</span>
          <Since sinceMs={now.sinceMs} />
          <button class="button" type="button" onClick={() => now.abort.abort()}>
            {t('Stop')}
          </button>
        </div>
      ) : (
        <form class="stack" onSubmit={listen}>
          <div class="columns">
            <Field label={t('Bits a second')} hint={t('Empty: those that are usual, one after the other.')}>
              <input
                type="number"
                min={1}
                max={4_000_000}
                value={baud}
                onInput={(e) => setBaud(e.currentTarget.value)}
              />
            </Field>
            <label class="check">
              <input type="checkbox" checked={isAsking} onChange={(e) => setAsking(e.currentTarget.checked)} />
              <span>
                {t('Ask the device too')}
                <span class="hint">
                  <br />
                  {t('For devices that only answer, such as Modbus meters. Something is sent; it takes some minutes.')}
                </span>
              </span>
            </label>
          </div>
          <div>
            <button class="button primary" type="submit">
              {now.state === 'idle' ? t('Listen') : t('Listen again')}
            </button>
          </div>
        </form>
      )}
      {now.state === 'failed' && <Problem error={now.error} />}
      {now.state === 'heard' && <Heard scan={now.scan} onChoose={setChosen} />}
      {now.state === 'heard' && chosen !== undefined && (
        <AddPort scan={now.scan} suggestion={chosen} onAdded={onAdded} onClose={() => setChosen(undefined)} />
      )}
    </div>
  );
}

function Since({ sinceMs }: { readonly sinceMs: number }) {
  // A step a second.
  now.value;
  return <span class="hint nowrap">{duration((Date.now() - sinceMs) / 1_000)}</span>;
}

function Heard({
  scan: { bytes, baud, format, sample, suggestions },
  onChoose,
}: {
  readonly scan: PostSerialScanAnswer;
  readonly onChoose: (suggestion: Suggestion) => void;
}) {
  if (bytes === 0) {
    return (
      <Notice tone="warn" title={t('Nothing was heard')}>
        {t(
          'A device that only answers has to be asked; one that speaks seldom needs a speed of its own, to be listened to for longer. See its cable and power too.',
        )}
      </Notice>
    );
  }
  return (
    <>
      <p>
        {plural(bytes, '{n} byte at {baud} bits a second, {format}', '{n} bytes at {baud} bits a second, {format}', {
          baud,
          format,
        })}
      </p>
      <pre class="payload">{dump(sample)}</pre>
      {suggestions.length === 0 && (
        <Notice tone="warn" title={t('No profile fits')}>
          {t('If the bytes look like noise, the speed is another one.')}
        </Notice>
      )}
      <ul class="stack">
        {suggestions.slice(0, 5).map((one) => (
          <li class="row" key={`${one.profile} ${one.modbusUnit}`}>
            <span class="grow">
              <strong>{one.profile}</strong>{' '}
              <span class="soft">
                {t('{n} % sure', { n: count(one.confidence * 100) })} · <span lang="en">{one.reason}</span>
              </span>
            </span>
            <button class="button" type="button" onClick={() => onChoose(one)}>
              {t('Read from it …')}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
