import { useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import { t } from '../../i18n/text.ts';
import { session } from '../../state/session.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';
import type { Alarm } from './list.ts';

/** Says that one knows of an alarm. */
export function Acknowledge({
  alarm,
  onClose,
  onDone,
}: {
  readonly alarm: Alarm;
  readonly onClose: () => void;
  readonly onDone: (alarm: Alarm) => void;
}) {
  const [note, setNote] = useState('');
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const who = session.value.state === 'signed-in' ? session.value.person.name : '';
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      const path = `api/v1/alarms/${encodeURIComponent(alarm.id)}/acknowledge`;
      onDone(await ask<Alarm>(path, { method: 'POST', body: { note } }));
      onClose();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <Dialog title={t('Acknowledge an alarm')} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <p>
          <strong dir="auto">{alarm.name}</strong> <bdi>{alarm.text}</bdi>
        </p>
        <Field label={t('Note')} hint={t('Everybody who sees the alarm sees it, with the name {name}.', { name: who })}>
          <textarea rows={3} maxLength={1000} value={note} onInput={(e) => setNote(e.currentTarget.value)} />
        </Field>
        {error !== undefined && <Problem error={error} />}
        <div class="row">
          <span class="grow" />
          <button class="button" type="button" onClick={onClose}>
            {t('Cancel')}
          </button>
          <button class="button primary" type="submit" disabled={isBusy}>
            {t('I know')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Whether who sits here may say so: who may give its device commands, an administrator where it is the gateway’s own. */
export function mayAcknowledge({ device }: Alarm): boolean {
  const now = session.value;
  if (now.state !== 'signed-in') return false;
  const { scopes } = now.person;
  if (scopes.includes('admin')) return true;
  // What exactly a glob lets through, the gateway says.
  return device !== null && scopes.some((scope) => scope.startsWith('command:'));
}
