import { useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { GetApplianceAnswer } from '../../api/schema.ts';
import { dateTime } from '../../i18n/format.ts';
import { plural, t } from '../../i18n/text.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Problem } from '../../ui/problem.tsx';
import { Notice, State, type Tone } from '../../ui/state.tsx';
import { say } from '../../ui/toasts.tsx';
import { TypedName } from '../../ui/typed-name.tsx';
import { useAnswer } from '../../ui/use-answer.ts';
import { Update } from './system-update.tsx';

type Slot = GetApplianceAnswer['slots'][number];

/** The machine, where it updates itself: what it runs, another version, restart, and all deleted. */
export function Section() {
  const [isQuick, setQuick] = useState(true);
  const [answer, again] = useAnswer<GetApplianceAnswer>('api/v1/appliance', undefined, isQuick ? 1_500 : 10_000);
  const [asked, setAsked] = useState<'restart' | 'reset'>();
  if (answer.state === 'asking') return <p class="loading">{t('Asking the gateway …')}</p>;
  if (answer.state === 'failed') return <Problem error={answer.error} />;
  const machine = answer.value;
  const isUnderWay = ['receiving', 'verifying', 'installing'].includes(machine.update.step);
  if (isQuick !== isUnderWay) setTimeout(() => setQuick(isUnderWay));
  const close = () => setAsked(undefined);
  return (
    <>
      <h2>{t('Updates & restart')}</h2>
      {answer.error !== undefined && <Problem error={answer.error} />}
      <Standing slots={machine.slots} onRestart={() => setAsked('restart')} isUnderWay={isUnderWay} />
      <section class="card">
        <h3>{t('Versions on this machine')}</h3>
        <p class="hint">
          {t('The system is there twice. One runs; an update is written to the other one, while all goes on.')}
        </p>
        <Slots slots={machine.slots} isInstalling={machine.update.step === 'installing'} />
      </section>
      <Update update={machine.update} onBegun={again} />
      <section class="card">
        <h3>{t('Restart the machine')}</h3>
        <p>
          {t(
            'It takes a minute or two. What the gateway has acknowledged is on disk; devices connect again by themselves.',
          )}
        </p>
        <div class="row">
          <button class="button" type="button" disabled={isUnderWay} onClick={() => setAsked('restart')}>
            <Icon name="refresh" />
            {t('Restart the machine …')}
          </button>
        </div>
      </section>
      <section class="card">
        <h3>{t('Factory reset')}</h3>
        <p>
          {t(
            'Everything on this machine but its system is deleted: records that the collector does not have yet, devices, people, settings and certificates. What is set in headgate.yaml on its boot partition stays.',
          )}
        </p>
        <div class="row">
          <button class="button danger" type="button" disabled={isUnderWay} onClick={() => setAsked('reset')}>
            {t('Delete everything …')}
          </button>
        </div>
      </section>
      {asked === 'restart' && <Restart onClose={close} />}
      {asked === 'reset' && (
        <TypedName
          title={t('Delete everything on this machine?')}
          name={machine.hostname}
          action={t('Delete everything')}
          onClose={close}
          onConfirm={async () => {
            await ask('api/v1/appliance/factory-reset', { method: 'POST', body: { confirm: machine.hostname } });
            say(t('Everything is deleted, and the machine starts as it did on its first day.'));
          }}
        >
          <p>
            {t(
              'This can’t be undone. Make a backup first, and wait until the collector has everything, if you need it.',
            )}
          </p>
        </TypedName>
      )}
    </>
  );
}

/** What is not as usual, and what becomes of it. */
function Standing({
  slots,
  isUnderWay,
  onRestart,
}: {
  readonly slots: readonly Slot[];
  readonly isUnderWay: boolean;
  readonly onRestart: () => void;
}) {
  const running = slots.find(({ isRunning }) => isRunning);
  const other = slots.find(({ isRunning }) => !isRunning);
  if (running?.state === 'trial') {
    return (
      <Notice tone="warn" title={t('This version is on trial')}>
        {t(
          'It stays once it has shown that it takes in, stores and delivers what devices say. If it can’t, the machine goes back by itself to the version before, with all its data.',
        )}
      </Notice>
    );
  }
  if (other?.state === 'installed' && other.isNext && !isUnderWay) {
    return (
      <Notice
        tone="good"
        title={t('Version {version} is installed, and starts when the machine is restarted', {
          version: other.version ?? '?',
        })}
      >
        {t('If it does not work, the machine goes back by itself to the version that runs now, with all its data.')}
        <div class="row">
          <button class="button primary" type="button" onClick={onRestart}>
            {t('Restart the machine …')}
          </button>
        </div>
      </Notice>
    );
  }
  if (other?.state === 'failed') {
    return (
      <Notice tone="bad" title={t('Version {version} did not work', { version: other.version ?? '?' })}>
        {t(
          'The machine has gone back to version {version}, with all its data. The log and the support bundle may tell why.',
          {
            version: running?.version ?? '?',
          },
        )}
      </Notice>
    );
  }
  return null;
}

function Slots({ slots, isInstalling }: { readonly slots: readonly Slot[]; readonly isInstalling: boolean }) {
  // What was there before is gone as soon as that begins.
  const shown = slots.map((slot) =>
    isInstalling && !slot.isRunning
      ? { ...slot, state: 'incomplete' as const, version: null, build: null, installedAt: null, isNext: false }
      : slot,
  );
  return (
    <table class="cards">
      <thead>
        <tr>
          <th scope="col">{t('Version')}</th>
          <th scope="col">{t('State')}</th>
          <th scope="col">{t('Installed')}</th>
          <th scope="col">{t('Place')}</th>
        </tr>
      </thead>
      <tbody>
        {shown.map(({ name, version, build, state, isRunning, isNext, installedAt, triesLeft }) => (
          <tr key={name}>
            <th scope="row">
              {version ?? t('None')}
              {build !== null && <span class="hint"> {build}</span>}
            </th>
            <td data-label={t('State')}>
              <State tone={tones[state]}>
                {isInstalling && !isRunning ? t('Is being written') : stateName(state)}
                {isRunning && ` · ${t('runs')}`}
                {isNext && !isRunning && ` · ${t('starts next')}`}
              </State>
              {(state === 'trial' || state === 'installed') && (
                <div class="hint">{plural(triesLeft, '{n} try left', '{n} tries left')}</div>
              )}
            </td>
            <td data-label={t('Installed')}>
              {installedAt === null
                ? version === null
                  ? '–'
                  : t('With the image')
                : dateTime(Date.parse(installedAt))}
            </td>
            <td data-label={t('Place')}>{name}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const tones: Readonly<Record<Slot['state'], Tone>> = {
  proven: 'good',
  trial: 'warn',
  installed: 'idle',
  failed: 'bad',
  incomplete: 'idle',
  empty: 'idle',
};

function stateName(state: Slot['state']): string {
  switch (state) {
    case 'proven':
      return t('Works');
    case 'trial':
      return t('On trial');
    case 'installed':
      return t('Waits for its first start');
    case 'failed':
      return t('Did not work');
    case 'incomplete':
      return t('Not whole');
    case 'empty':
      return t('Empty');
  }
}

function Restart({ onClose }: { readonly onClose: () => void }) {
  const [error, setError] = useState<unknown>();
  const restart = async (): Promise<void> => {
    try {
      await ask('api/v1/appliance/restart', { method: 'POST' });
      say(t('The machine restarts. This page comes back by itself.'));
      onClose();
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <Dialog title={t('Restart the machine?')} onClose={onClose}>
      <p>
        {t('Devices can’t reach the gateway meanwhile, for a minute or two; what they send again is taken in then.')}
      </p>
      {error !== undefined && <Problem error={error} />}
      <div class="row">
        <span class="grow" />
        <button class="button" type="button" onClick={onClose}>
          {t('Not now')}
        </button>
        <button class="button primary" type="button" onClick={restart}>
          {t('Restart')}
        </button>
      </div>
    </Dialog>
  );
}
