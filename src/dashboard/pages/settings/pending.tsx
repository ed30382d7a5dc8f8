import { useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import { duration } from '../../i18n/format.ts';
import { plural, t } from '../../i18n/text.ts';
import { now } from '../../state/clock.ts';
import { refresh, status } from '../../state/status.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Notice } from '../../ui/state.tsx';
import { say, sayProblem } from '../../ui/toasts.tsx';
import { type ConfigView, config, confirmConfig, loadConfig } from './config-state.ts';
import { addressAfter } from './form-model.ts';

/** Changes that wait for a restart, are on trial, or were taken back; and what is wrong with the files. */
export function Pending() {
  const view = config.value?.view;
  if (view === undefined) return null;
  const { trial, pending, problem } = view;
  return (
    <>
      {problem !== null && <Notice tone="warn" title={problem} />}
      {trial?.state === 'running' && <Running trial={trial} />}
      {trial?.state === 'taken-back' && (
        <Notice tone="bad" title={t('A change was taken back')}>
          <Keys keys={trial.keys} />
          {trial.reason !== null && <span>{t('Why: {reason}.', { reason: trial.reason })}</span>}
          <div class="row">
            <button class="button" type="button" onClick={() => confirmConfig().catch(sayProblem)}>
              {t('I have seen it')}
            </button>
          </div>
        </Notice>
      )}
      {pending.length > 0 && <Waiting view={view} />}
    </>
  );
}

function Running({ trial }: { readonly trial: NonNullable<ConfigView['trial']> }) {
  const left = trial.until === null ? 0 : (Date.parse(trial.until) - now.value) / 1_000;
  return (
    <Notice tone="warn" title={t('Changed settings are on trial')}>
      <Keys keys={trial.keys} />
      <span>
        {t(
          'You can read this, so the dashboard is still in reach. Unless you keep them, they are taken back in {time}.',
          {
            time: duration(left),
          },
        )}
      </span>
      <div class="row">
        <button class="button primary" type="button" onClick={() => confirmConfig().catch(sayProblem)}>
          {t('Keep the changes')}
        </button>
      </div>
    </Notice>
  );
}

function Waiting({ view: { pending, keys, restart } }: { readonly view: ConfigView }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <Notice
      tone="warn"
      title={plural(pending.length, '{n} change holds after a restart', '{n} changes hold after a restart')}
    >
      <Keys keys={pending} />
      {pending.some((key) => keys[key]?.mayShutOut) && (
        <span>
          {t('They change how the dashboard is reached: after the restart you have 10 minutes to keep them.')}
        </span>
      )}
      {restart.isPossible ? (
        <div class="row">
          <button class="button" type="button" onClick={() => setOpen(true)}>
            {t('Restart the gateway …')}
          </button>
        </div>
      ) : (
        <span>{restart.reason}</span>
      )}
      {isOpen && <Restart keys={keys} onClose={() => setOpen(false)} />}
    </Notice>
  );
}

function Keys({ keys }: { readonly keys: readonly string[] }) {
  return (
    <span class="row">
      {keys.map((key) => (
        <code key={key}>{key}</code>
      ))}
    </span>
  );
}

function Restart({ keys, onClose }: { readonly keys: ConfigView['keys']; readonly onClose: () => void }) {
  const [isBusy, setBusy] = useState(false);
  const address = addressAfter(keys, location);
  const restart = async (): Promise<void> => {
    setBusy(true);
    try {
      const before = status.value?.gateway.startedAt;
      await ask('api/v1/restart', { method: 'POST' });
      if (address !== undefined) return;
      if (await isBack(before)) await loadConfig();
      else say(t('It has not come back within a minute. See where it was started what it says.'), { tone: 'bad' });
      onClose();
    } catch (error) {
      setBusy(false);
      sayProblem(error);
    }
  };
  return (
    <Dialog title={t('Restart the gateway?')} onClose={onClose}>
      <p>
        {t(
          'It stops in good order and starts again, within half a minute. What it has acknowledged is on disk; devices connect again by themselves.',
        )}
      </p>
      {address !== undefined && (
        <Notice tone="warn" title={t('Afterwards the dashboard is elsewhere')}>
          <a href={address}>{address}</a>
          <span>{t('Open it within 10 minutes, and keep the changes there; else they are taken back.')}</span>
        </Notice>
      )}
      {isBusy && <p role="status">{t('It restarts …')}</p>}
      <div class="row">
        <span class="grow" />
        <button class="button" type="button" onClick={onClose}>
          {isBusy ? t('Close') : t('Not now')}
        </button>
        <button class="button primary" type="button" disabled={isBusy} onClick={restart}>
          {t('Restart')}
        </button>
      </div>
    </Dialog>
  );
}

/** Waits for a gateway that was started after the one before. @returns whether it came within a minute */
async function isBack(before: string | undefined): Promise<boolean> {
  for (let second = 0; second < 60; second++) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await refresh();
    const now = status.value?.gateway.startedAt;
    if (now !== undefined && now !== before) return true;
  }
  return false;
}
