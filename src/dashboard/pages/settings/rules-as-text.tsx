import { useRef } from 'preact/hooks';
import { t } from '../../i18n/text.ts';
import { Field } from '../../ui/field.tsx';
import { Described } from './described.tsx';
import type { RuleFault } from './rules-text.ts';

/** The rules as they are written in the file; a fault leads to its line. */
export function RulesAsText({
  text,
  faults,
  isLocked,
  onChange,
}: {
  readonly text: string;
  readonly faults: readonly RuleFault[];
  readonly isLocked: boolean;
  readonly onChange: (text: string) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const goTo = (line: number): void => {
    const area = box.current?.querySelector('textarea');
    const lines = text.split('\n');
    const from = lines.slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0);
    area?.focus();
    area?.setSelectionRange(from, from + (lines[line - 1]?.length ?? 0));
  };
  return (
    <section class="card" ref={box}>
      <Field label={t('The list, as YAML or JSON')} hint={t('Empty: the rules are as the file says.')}>
        <textarea
          rows={Math.min(30, Math.max(10, text.split('\n').length + 1))}
          spellcheck={false}
          disabled={isLocked}
          value={text}
          onInput={(e) => onChange(e.currentTarget.value)}
        />
      </Field>
      {faults.length > 0 && (
        <ul class="stack">
          {faults.map(({ line, message }) => (
            <li class="row" key={`${line} ${message}`}>
              {line !== undefined && (
                <button class="button" type="button" onClick={() => goTo(line)}>
                  {t('Line {n}', { n: line })}
                </button>
              )}
              <span class="grow">
                <Described text={message} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
