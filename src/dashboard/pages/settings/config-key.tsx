import { t } from '../../i18n/text.ts';
import type { KeyView } from './config-state.ts';
import { Described } from './described.tsx';
import { controlOf, type FormKey, type SchemaNode, textOf } from './form-model.ts';
import { ValueEditor } from './value-editor.tsx';

/** One key: what it is, what it means, who says so, and since when that holds. */
export function ConfigKey({
  formKey: { key, label, node },
  view,
  isDraft,
  draft,
  faults,
  onDraft,
}: {
  readonly formKey: FormKey;
  readonly view: KeyView;
  readonly isDraft: boolean;
  readonly draft: unknown;
  readonly faults: ReadonlyMap<string, string>;
  readonly onDraft: (key: string, value: unknown, isKept: boolean) => void;
}) {
  const { locked, source, takes } = view;
  // What holds after a restart is what a change is made to.
  const held = 'next' in view ? view.next : view.value;
  const isBack = isDraft && draft === null;
  const change = (value: unknown): void => onDraft(key, value ?? null, !isSame(node, value, held));
  return (
    <div class="key" data-key={key}>
      {isBack ? (
        <p>
          <strong>{label}</strong> {source === 'here' ? t('As the file says, or as usual.') : t('As usual.')}
        </p>
      ) : (
        <ValueEditor
          node={node}
          value={isDraft ? draft : held}
          path={key}
          label={label}
          faults={faults}
          isLocked={locked !== null}
          isSet={view.isSet}
          onChange={change}
        />
      )}
      {controlOf(node) === 'list' && node.description !== undefined && (
        <p class="hint">
          <Described text={node.description} />
        </p>
      )}
      <div class="facts">
        <code>{key}</code>
        <span>{factsOf(node)}</span>
        {source !== 'default' && <span>{sourceText(source)}</span>}
        {view.where !== null && <code>{view.where}</code>}
        {'next' in view && (
          <span class="chip">{t('Until the restart: {value}', { value: shown(node, view.value) })}</span>
        )}
        {takes !== 'now' && isDraft && (
          <span class="chip">
            {takes === 'restart' ? t('Holds after a restart') : t('Holds at once, or after a restart')}
          </span>
        )}
        {view.mayShutOut && isDraft && <span class="chip">{t('Has to be confirmed after the restart')}</span>}
        {isDraft && (
          <button class="button plain" type="button" onClick={() => onDraft(key, undefined, false)}>
            {t('Undo')}
          </button>
        )}
        {!isDraft && source === 'here' && locked === null && (
          <button class="button plain" type="button" onClick={() => onDraft(key, null, true)}>
            {t('Back to what the file says')}
          </button>
        )}
      </div>
      {locked !== null && (
        <p class="hint">
          {t('It can’t be changed here:')} <Described text={locked} />
        </p>
      )}
    </div>
  );
}

function isSame(node: SchemaNode, one: unknown, other: unknown): boolean {
  if (controlOf(node) === 'list') return JSON.stringify(one) === JSON.stringify(other);
  return textOf(node, one) === textOf(node, other);
}

/** Its default and range. */
function factsOf(node: SchemaNode): string {
  const { minimum, maximum } = node;
  const usual =
    node.default === undefined ? t('Usually not set') : t('Usually {value}', { value: shown(node, node.default) });
  if (minimum === undefined || node.unit !== undefined) return usual;
  const range =
    maximum === undefined ? t('from {min}', { min: minimum }) : t('{min} to {max}', { min: minimum, max: maximum });
  return `${usual} · ${range}`;
}

function shown(node: SchemaNode, value: unknown): string {
  if (typeof value === 'boolean') return value ? t('on') : t('off');
  if (Array.isArray(value)) return value.length === 0 ? t('none') : t('{n} entries', { n: value.length });
  const text = textOf(node, value);
  return text === '' ? t('not set') : text;
}

function sourceText(source: Exclude<KeyView['source'], 'default'>): string {
  switch (source) {
    case 'file':
      return t('By the file');
    case 'here':
      return t('Set here');
    case 'collector':
      return t('Set by the collector');
    case 'environment':
      return t('By the environment');
    case 'command-line':
      return t('By the command line');
  }
}
