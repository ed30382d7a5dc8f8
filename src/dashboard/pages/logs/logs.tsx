import './logs.css';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { timeOfDay } from '../../i18n/format.ts';
import { plural, t } from '../../i18n/text.ts';
import { place, setQuery } from '../../router.ts';
import { Field } from '../../ui/field.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Problem } from '../../ui/problem.tsx';
import { saveText } from '../../ui/save.ts';
import { Empty } from '../../ui/state.tsx';
import { isShown, type LogChoice, type LogLine, levels, linesText } from './lines.ts';
import { useLog } from './use-log.ts';

/** Drawn at once; more would make the page slow, and whoever looks for something filters. */
const maxDrawn = 500;

/** What the gateway writes about what it does. */
export function Page() {
  const { level = 'info', part = '', text = '' } = place.value.query;
  const choice: LogChoice = { level: levels.find((one) => one === level) ?? 'info', part, text };
  const { lines, problem } = useLog(choice.level);
  const [isWrapped, setWrapped] = useState(true);
  // Whoever scrolls up reads: then nothing moves, and what comes is counted.
  const [held, setHeld] = useState<number>();
  const parts = useMemo(() => [...new Set(lines.map((line) => line.part))].sort(), [lines]);
  const all = lines.filter((line) => isShown(line, choice));
  const shown = (held === undefined ? all : all.filter(({ number }) => number <= held)).slice(-maxDrawn);
  const waiting = held === undefined ? 0 : all.filter(({ number }) => number > held).length;
  return (
    <>
      <div class="page-head">
        <h1>{t('Logs')}</h1>
        <button class="button" type="button" aria-pressed={isWrapped} onClick={() => setWrapped(!isWrapped)}>
          {t('Wrap lines')}
        </button>
        <button class="button" type="button" onClick={() => saveText('headgate.log', linesText(all))}>
          <Icon name="download" />
          {t('Download')}
        </button>
      </div>
      <search class="log-filters">
        <Field label={t('Search')}>
          <input
            type="search"
            data-search
            value={text}
            onInput={(e) => setQuery({ text: e.currentTarget.value || undefined })}
          />
        </Field>
        <Field label={t('From level')}>
          <select value={choice.level} onChange={(e) => setQuery({ level: e.currentTarget.value })}>
            {levels.map((one) => (
              <option value={one} key={one}>
                {one}
              </option>
            ))}
          </select>
        </Field>
        <Field label={t('Part')}>
          <select value={part} onChange={(e) => setQuery({ part: e.currentTarget.value || undefined })}>
            <option value="">{t('All')}</option>
            {parts.map((one) => (
              <option value={one} key={one}>
                {one}
              </option>
            ))}
          </select>
        </Field>
      </search>
      {problem !== undefined && <Problem error={problem} />}
      {lines.length === 0 && problem === undefined ? (
        <Empty title={t('Nothing was written at this level yet.')} />
      ) : (
        <Tail
          lines={shown}
          isWrapped={isWrapped}
          isHeld={held !== undefined}
          onHold={(hold) => setHeld(hold ? lines.at(-1)?.number : undefined)}
        />
      )}
      <div class="row">
        <span class="hint grow">{plural(all.length, '{n} line', '{n} lines')}</span>
        {held !== undefined && (
          <button class="button primary" type="button" onClick={() => setHeld(undefined)}>
            {waiting === 0 ? t('Follow') : plural(waiting, 'Follow: {n} new line', 'Follow: {n} new lines')}
          </button>
        )}
      </div>
    </>
  );
}

function Tail({
  lines,
  isWrapped,
  isHeld,
  onHold,
}: {
  readonly lines: readonly LogLine[];
  readonly isWrapped: boolean;
  readonly isHeld: boolean;
  readonly onHold: (hold: boolean) => void;
}) {
  const box = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    if (!isHeld && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [lines.at(-1)?.number, lines.length, isHeld]);
  const scrolled = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = box.current ?? { scrollTop: 0, scrollHeight: 0, clientHeight: 0 };
    const isAtEnd = scrollHeight - scrollTop - clientHeight < 24;
    if (isAtEnd === isHeld) onHold(!isAtEnd);
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard.
    <section class={`log ${isWrapped ? 'wrap' : ''}`} ref={box} onScroll={scrolled} tabIndex={0} aria-label={t('Log')}>
      <ol>
        {lines.map((line) => (
          <Line line={line} key={line.number} />
        ))}
      </ol>
    </section>
  );
}

function Line({ line: { level, timeMs, part, text, more } }: { readonly line: LogLine }) {
  return (
    <li class={level}>
      <time>{timeOfDay(timeMs)}</time>{' '}
      <span lang="en">
        <span class="level">{level}</span> <span class="part">{part}</span> {text}
      </span>{' '}
      {Object.keys(more).length > 0 && (
        <details>
          <summary>{t('More')}</summary>
          <pre>{JSON.stringify(more, null, 2)}</pre>
        </details>
      )}
    </li>
  );
}
