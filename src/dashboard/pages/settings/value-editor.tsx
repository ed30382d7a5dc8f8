import { useState } from 'preact/hooks';
import { t } from '../../i18n/text.ts';
import { Field } from '../../ui/field.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Described } from './described.tsx';
import { choicesOf, controlOf, type SchemaNode, textOf, valueFrom } from './form-model.ts';

export interface EditorProps {
  readonly node: SchemaNode;
  readonly value: unknown;
  /** As faults name it: `modbus.buses[0].path`. */
  readonly path: string;
  readonly label: string;
  /** What is wrong, by path. */
  readonly faults: ReadonlyMap<string, string>;
  readonly isLocked?: boolean;
  /** Without its description: it is said elsewhere. */
  readonly isBare?: boolean;
  /** Of a secret: it has one. */
  readonly isSet?: boolean;
  readonly onChange: (value: unknown) => void;
}

type Tree = Readonly<Record<string, unknown>>;

/** Edits any value of the configuration, by what its schema says. */
export function ValueEditor(props: EditorProps) {
  switch (controlOf(props.node)) {
    case 'section':
      return <SectionEditor {...props} />;
    case 'list':
      return <ListEditor {...props} />;
    default:
      return <OneEditor {...props} />;
  }
}

function OneEditor({ node, value, path, label, faults, isLocked, isBare, isSet, onChange }: EditorProps) {
  const control = controlOf(node);
  const [typed, setTyped] = useState(textOf(node, value));
  // What was typed stays as it was typed (`1.`, a space at the end), unless the value has become another one.
  const text = textOf(node, valueFrom(node, typed)) === textOf(node, value) ? typed : textOf(node, value);
  const hint = isBare || node.description === undefined ? undefined : <Described text={node.description} />;
  const shared = { name: path, disabled: isLocked };
  const write = (e: { currentTarget: { value: string } }): void => {
    setTyped(e.currentTarget.value);
    onChange(valueFrom(node, e.currentTarget.value));
  };
  const usual = node.default === undefined || Array.isArray(node.default) ? t('not set') : textOf(node, node.default);
  const wrong = faults.get(path);
  const field = {
    label,
    ...(hint !== undefined && { hint }),
    ...(wrong !== undefined && { fault: <Described text={wrong} /> }),
  };
  switch (control) {
    case 'switch':
      return (
        <Field {...field} narrow>
          <select
            {...shared}
            value={value === undefined || value === null ? '' : String(value)}
            onChange={(e) => onChange(e.currentTarget.value === '' ? undefined : e.currentTarget.value === 'true')}
          >
            {(value === undefined || value === null) && <option value="">{t('Not set')}</option>}
            <option value="true">{t('on')}</option>
            <option value="false">{t('off')}</option>
          </select>
        </Field>
      );
    case 'choice':
      return (
        <Field {...field} narrow>
          <select {...shared} value={textOf(node, value)} onChange={write}>
            {(node.default === undefined || textOf(node, value) === '') && <option value="">{t('Not set')}</option>}
            {choicesOf(node).map((one) => (
              <option value={String(one)} key={String(one)}>
                {one === true ? t('on') : String(one)}
              </option>
            ))}
          </select>
        </Field>
      );
    case 'lines':
    case 'numbers':
      return (
        <Field {...field}>
          <textarea
            {...shared}
            rows={Math.min(8, Math.max(2, text.split('\n').length + 1))}
            spellcheck={false}
            placeholder={control === 'lines' ? t('One a line') : t('name: number, one a line')}
            value={text}
            onInput={write}
          />
        </Field>
      );
    case 'secret':
      return (
        <Field {...field} narrow>
          <input
            {...shared}
            type="password"
            autocomplete="new-password"
            placeholder={isSet || value === '***' ? t('Set, and not shown') : t('not set')}
            value={value === '***' ? '' : text}
            onInput={write}
          />
        </Field>
      );
    default:
      return (
        <Field {...field} narrow={control !== 'text'}>
          <input
            {...shared}
            inputMode={control === 'number' ? 'decimal' : undefined}
            autocomplete="off"
            spellcheck={false}
            placeholder={usual}
            value={text}
            onInput={write}
          />
        </Field>
      );
  }
}

function SectionEditor({ node, value, path, faults, isLocked, label, isBare, onChange }: EditorProps) {
  const tree = (value ?? {}) as Tree;
  const set = (name: string, one: unknown): void => {
    const { [name]: _, ...others } = tree;
    const next = one === undefined ? others : { ...tree, [name]: one };
    onChange(Object.keys(next).length === 0 && !isBare ? undefined : next);
  };
  return (
    <fieldset class="stack">
      {!isBare && <legend class="visually-hidden">{label}</legend>}
      {Object.entries(node.properties ?? {}).map(([name, child]) => (
        <ValueEditor
          key={name}
          node={child}
          value={tree[name]}
          path={path === '' ? name : `${path}.${name}`}
          label={isBare ? (child.title ?? name) : `${label}: ${child.title ?? name}`}
          faults={faults}
          {...(isLocked !== undefined && { isLocked })}
          onChange={(one) => set(name, one)}
        />
      ))}
      <Wrong fault={faults.get(path)} />
    </fieldset>
  );
}

function ListEditor({ node, value, path, label, faults, isLocked, onChange }: EditorProps) {
  const list = Array.isArray(value) ? (value as readonly unknown[]) : [];
  const items = node.items ?? {};
  return (
    <div class="stack">
      {list.map((one, at) => {
        const name = (one as Tree | null)?.name;
        return (
          <div class="item" key={at}>
            <div class="row">
              <h3 dir="auto">{typeof name === 'string' && name !== '' ? name : `${label} ${at + 1}`}</h3>
              <button
                class="button danger"
                type="button"
                disabled={isLocked}
                onClick={() => onChange(list.filter((_, other) => other !== at))}
              >
                <Icon name="trash" />
                {t('Remove')}
              </button>
            </div>
            <ValueEditor
              node={items}
              value={one}
              path={`${path}[${at}]`}
              label={label}
              isBare
              faults={faults}
              {...(isLocked !== undefined && { isLocked })}
              onChange={(next) => onChange(list.map((before, other) => (other === at ? next : before)))}
            />
          </div>
        );
      })}
      <Wrong fault={faults.get(path)} />
      <div class="row">
        <button class="button" type="button" disabled={isLocked} onClick={() => onChange([...list, {}])}>
          <Icon name="plus" />
          {t('Add to {list}', { list: label })}
        </button>
      </div>
    </div>
  );
}

/** What is wrong with several values together. */
function Wrong({ fault }: { readonly fault: string | undefined }) {
  return fault === undefined ? null : (
    <span class="fault" role="alert">
      <Described text={fault} />
    </span>
  );
}
