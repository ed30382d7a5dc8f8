import { useEffect, useState } from 'preact/hooks';
import type { PostSerialScanAnswer } from '../../api/schema.ts';
import { t } from '../../i18n/text.ts';
import { link } from '../../router.ts';
import { Copy } from '../../ui/copy.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';
import { Notice } from '../../ui/state.tsx';
import { say } from '../../ui/toasts.tsx';
import { config, configError, loadConfig, patchConfig } from '../settings/config-state.ts';
import { isPortName, keyOf, type NewPort, nameFor, patchOf, snippetOf } from './serial-config.ts';

/** Has a port be read from: by the configuration that is set here, or as what to write into its file. */
export function AddPort({
  scan,
  suggestion: { profile, modbusUnit },
  onAdded,
  onClose,
}: {
  readonly scan: PostSerialScanAnswer;
  readonly suggestion: PostSerialScanAnswer['suggestions'][number];
  readonly onAdded: () => void;
  readonly onClose: () => void;
}) {
  const [name, setName] = useState<string>();
  const [error, setError] = useState<unknown>();
  const [isDone, setDone] = useState(false);
  useEffect(() => void loadConfig(), []);
  const key = config.value?.view.keys[keyOf({ modbusUnit })];
  // What waits for a restart is in the list already.
  const list = key?.next ?? key?.value;
  const { path, baud, format } = scan;
  const port: NewPort = {
    ...{ path, profile, modbusUnit },
    name: name ?? nameFor(profile, list),
    line: { baud, format },
  };
  const add = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await patchConfig(patchOf(port, list));
      onAdded();
      if (config.value?.view.pending.includes(keyOf(port))) setDone(true);
      else {
        say(t('{name} is read from now on.', { name: port.name }));
        onClose();
      }
    } catch (problem) {
      setError(problem);
    }
  };
  const failed = error ?? configError.value;
  return (
    <Dialog title={t('Read from the port')} onClose={onClose}>
      {isDone ? (
        <>
          <Notice tone="good" title={t('{name} is in the configuration', { name: port.name })}>
            {t('It is read from after a restart of the gateway.')}
          </Notice>
          <div class="row">
            <span class="grow" />
            <button class="button" type="button" onClick={onClose}>
              {t('Close')}
            </button>
            <a class="button primary" href={link('settings')}>
              {t('To the settings')}
            </a>
          </div>
        </>
      ) : (
        <form class="stack" onSubmit={add}>
          <Field
            label={t('Name')}
            hint={t('By which its device is known.')}
            fault={isPortName(port.name) ? undefined : t('Letters, digits, dots and dashes.')}
            narrow
          >
            <input value={port.name} required onInput={(e) => setName(e.currentTarget.value)} />
          </Field>
          <p class="hint">{t('What is added, or what to write into the file of the configuration:')}</p>
          <Copy text={snippetOf(port)} />
          {key?.locked && <Notice tone="warn" title={key.locked} lang="en" />}
          {failed !== undefined && <Problem error={failed} />}
          <div class="row">
            <span class="grow" />
            <button class="button" type="button" onClick={onClose}>
              {t('Cancel')}
            </button>
            <button
              class="button primary"
              type="submit"
              disabled={key === undefined || Boolean(key.locked) || !isPortName(port.name)}
            >
              {t('Add it')}
            </button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
