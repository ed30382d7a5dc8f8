import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../i18n/text.ts';
import { Dialog } from './dialog.tsx';
import { Field } from './field.tsx';
import { Problem } from './problem.tsx';

/** Asks before something that can't be undone: by the name of what is lost, typed. */
export function TypedName({
  title,
  name,
  action,
  children,
  onClose,
  onConfirm,
}: {
  readonly title: string;
  readonly name: string;
  /** What the button does, in a word. */
  readonly action: string;
  /** What it means. */
  readonly children: ComponentChildren;
  readonly onClose: () => void;
  readonly onConfirm: () => Promise<void>;
}) {
  const [typed, setTyped] = useState('');
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      await onConfirm();
      onClose();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        {children}
        <Field
          label={
            <>
              {t('Type its name to go on:')} <bdi>{name}</bdi>
            </>
          }
        >
          <input autocomplete="off" value={typed} onInput={(e) => setTyped(e.currentTarget.value)} />
        </Field>
        {error !== undefined && <Problem error={error} />}
        <div class="row">
          <span class="grow" />
          <button class="button" type="button" onClick={onClose}>
            {t('Cancel')}
          </button>
          <button class="button danger" type="submit" disabled={isBusy || typed.trim() !== name.trim()}>
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
