import { useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { GetDevicesIdCommandsAnswer, GetProfilesVendorModelAnswer } from '../../api/schema.ts';
import { t } from '../../i18n/text.ts';
import { session } from '../../state/session.ts';
import { Age } from '../../ui/age.tsx';
import { Field } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';
import { State } from '../../ui/state.tsx';
import { useAnswer } from '../../ui/use-answer.ts';
import { useLive } from '../../ui/use-live.ts';
import { type Device, wishFor } from './about.ts';
import { commandState } from './words.ts';

const shown = 5;

/** What it was told, what came of it, and telling it something. */
export function Commands({ device }: { readonly device: Device }) {
  const { id } = device;
  const path = `api/v1/devices/${encodeURIComponent(id)}/commands`;
  const [answer, again] = useAnswer<GetDevicesIdCommandsAnswer>(path, { limit: shown });
  useLive(
    wishFor(id),
    (events) => events.some((one) => one.event === 'command' && one.deviceId === id) && again(),
    again,
  );
  return (
    <section class="card device-rules" aria-labelledby="device-commands">
      <h2 id="device-commands">{t('Commands')}</h2>
      {mayCommand() && <CommandForm device={device} path={path} again={again} />}
      {answer.state === 'failed' && <Problem error={answer.error} />}
      {answer.state === 'here' && answer.value.commands.length === 0 && (
        <p class="hint">{t('It was not told anything lately.')}</p>
      )}
      <ul>
        {answer.state === 'here' &&
          answer.value.commands.map(({ id, name, state, by, reason, result, at }) => {
            const { tone, word } = commandState(state);
            return (
              <li key={id}>
                <span class="grow">
                  <strong>
                    <bdi>{name === '' ? t('A payload') : name}</bdi>
                  </strong>
                  <br />
                  <span class="hint">
                    <Age at={at} /> {by !== null && <bdi>{by}</bdi>} {reason}
                  </span>
                  {result !== null && (
                    <>
                      <br />
                      <code>
                        <bdi>{typeof result === 'string' ? result : JSON.stringify(result)}</bdi>
                      </code>
                    </>
                  )}
                </span>
                <State tone={tone}>{word}</State>
              </li>
            );
          })}
      </ul>
    </section>
  );
}

/** The gateway has the last word, also on which devices. */
function mayCommand(): boolean {
  const now = session.value;
  return (
    now.state === 'signed-in' && now.person.scopes.some((scope) => scope === 'admin' || scope.startsWith('command'))
  );
}

function CommandForm({
  device,
  path,
  again,
}: {
  readonly device: Device;
  readonly path: string;
  readonly again: () => void;
}) {
  const { profile } = device;
  const names = useCommands(profile?.name);
  const [name, setName] = useState('');
  const [payload, setPayload] = useState('');
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await ask(path, { method: 'POST', body: { ...(name !== '' && { name }), ...payloadOf(payload) } });
      setPayload('');
      again();
    } catch (problem) {
      setError(problem);
    }
    setBusy(false);
  };
  return (
    <form class="stack" onSubmit={submit}>
      <Field
        label={t('Command')}
        hint={names.length === 0 ? t('As the device knows it; empty: the payload alone.') : undefined}
      >
        {names.length === 0 ? (
          <input value={name} maxLength={200} onInput={(e) => setName(e.currentTarget.value)} />
        ) : (
          <select value={name} onChange={(e) => setName(e.currentTarget.value)}>
            <option value="">{t('The payload alone')}</option>
            {names.map((one) => (
              <option value={one} key={one}>
                {one}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={t('Payload')} hint={t('JSON or a text; may be empty.')}>
        <textarea rows={2} value={payload} onInput={(e) => setPayload(e.currentTarget.value)} />
      </Field>
      {error !== undefined && <Problem error={error} />}
      <div class="row">
        <button class="button" type="submit" disabled={isBusy || (name === '' && payload === '')}>
          {t('Send')}
        </button>
      </div>
    </form>
  );
}

/** What its profile says it can be asked. */
function useCommands(profile: string | undefined): readonly string[] {
  const [answer] = useAnswer<GetProfilesVendorModelAnswer | { readonly profiles: unknown }>(profilePath(profile));
  return answer.state === 'here' && 'commands' in answer.value ? answer.value.commands : [];
}

/** Names are `vendor/model`. Without one, the list of all: there is always an answer. */
export function profilePath(name: string | undefined): string {
  if (name === undefined) return 'api/v1/profiles';
  return `api/v1/profiles/${name.split('/').map(encodeURIComponent).join('/')}`;
}

/** JSON as JSON, everything else as it is. */
function payloadOf(text: string): object {
  if (text === '') return {};
  try {
    return { payload: JSON.parse(text) as unknown };
  } catch {
    // A text, then.
    return { payloadText: text };
  }
}
