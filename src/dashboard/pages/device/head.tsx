import { useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import { t } from '../../i18n/text.ts';
import { go, link } from '../../router.ts';
import { isAdmin } from '../../state/session.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Icon } from '../../ui/icon.tsx';
import { PresenceWord } from '../../ui/presence.tsx';
import { Notice } from '../../ui/state.tsx';
import { say, sayProblem } from '../../ui/toasts.tsx';
import { TypedName } from '../../ui/typed-name.tsx';
import type { Device } from './about.ts';

const maxName = 200;

/** Its name, how it is, and what can be done with it. */
export function Head({ device, again }: { readonly device: Device; readonly again: () => void }) {
  const { id, name, presence, isIgnored } = device;
  const [open, setOpen] = useState<'rename' | 'forget'>();
  const close = (): void => setOpen(undefined);
  const change = (body: object, back: object, said: string): void => {
    ask(pathOf(id), { method: 'PATCH', body }).then(() => {
      again();
      say(said, { undo: () => void ask(pathOf(id), { method: 'PATCH', body: back }).then(again, sayProblem) });
    }, sayProblem);
  };
  return (
    <>
      <div class="page-head">
        <h1>
          <bdi>{name}</bdi>
        </h1>
        <PresenceWord presence={presence} />
        {isAdmin() && (
          <div class="row">
            <button class="button" type="button" onClick={() => setOpen('rename')}>
              <Icon name="edit" />
              {t('Rename')}
            </button>
            <button
              class="button"
              type="button"
              onClick={() =>
                change(
                  { isIgnored: !isIgnored },
                  { isIgnored },
                  isIgnored ? t('It is no longer ignored.') : t('It is ignored.'),
                )
              }
            >
              <Icon name={isIgnored ? 'play' : 'pause'} />
              {isIgnored ? t('Stop ignoring') : t('Ignore')}
            </button>
            <button class="button danger" type="button" onClick={() => setOpen('forget')}>
              <Icon name="trash" />
              {t('Forget')}
            </button>
          </div>
        )}
      </div>
      {isIgnored && (
        <Notice title={t('This device is ignored.')}>
          {t('It is not counted or listed. What it sends is kept and forwarded all the same.')}
        </Notice>
      )}
      {open === 'rename' && <Rename device={device} onClose={close} onChange={change} />}
      {open === 'forget' && <Forget device={device} onClose={close} />}
    </>
  );
}

const pathOf = (id: string): string => `api/v1/devices/${encodeURIComponent(id)}`;

function Rename({
  device,
  onClose,
  onChange,
}: {
  readonly device: Device;
  readonly onClose: () => void;
  readonly onChange: (body: object, back: object, said: string) => void;
}) {
  const [name, setName] = useState(device.givenName ?? device.name);
  const submit = (event: Event): void => {
    event.preventDefault();
    const given = name.trim() === '' ? null : name.trim();
    onChange({ name: given }, { name: device.givenName }, t('It is renamed.'));
    onClose();
  };
  return (
    <Dialog title={t('Rename')} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <Field label={t('Name')} hint={t('Empty: what it calls itself, else its id. The id stays.')}>
          <input maxLength={maxName} value={name} onInput={(e) => setName(e.currentTarget.value)} />
        </Field>
        <div class="row">
          <span class="grow" />
          <button class="button" type="button" onClick={onClose}>
            {t('Cancel')}
          </button>
          <button class="button primary" type="submit">
            {t('Rename')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Forget({ device: { id, name }, onClose }: { readonly device: Device; readonly onClose: () => void }) {
  const forget = async (): Promise<void> => {
    await ask(pathOf(id), { method: 'DELETE' });
    say(t('{name} is forgotten.', { name }));
    go(link('devices'));
  };
  return (
    <TypedName title={t('Forget this device?')} name={name} action={t('Forget')} onClose={onClose} onConfirm={forget}>
      <p>
        {t(
          'Its name, state and newest values go, for good. What it measured stays. With its next message it is listed again, as a new device.',
        )}
      </p>
    </TypedName>
  );
}
