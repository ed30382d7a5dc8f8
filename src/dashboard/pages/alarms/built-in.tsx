import type { GetAlarmsBuiltInAnswer } from '../../api/schema.ts';
import { count } from '../../i18n/format.ts';
import { plural, t } from '../../i18n/text.ts';
import { link } from '../../router.ts';
import { isAdmin } from '../../state/session.ts';
import { status } from '../../state/status.ts';
import { Problem } from '../../ui/problem.tsx';
import { forText } from '../../ui/rule-words.ts';
import { SeverityWord } from '../../ui/severity.tsx';
import { State } from '../../ui/state.tsx';
import { useAnswer } from '../../ui/use-answer.ts';

type BuiltIn = GetAlarmsBuiltInAnswer['builtIn'][number];

/** What is watched over without a rule, and where that can be changed. */
export function BuiltIns() {
  const [answer] = useAnswer<GetAlarmsBuiltInAnswer>('api/v1/alarms/built-in', undefined, 30_000);
  return (
    <section class="card" aria-labelledby="alarm-built-in">
      <header>
        <h2 id="alarm-built-in">{t('Built in')}</h2>
      </header>
      {answer.state === 'failed' && <Problem error={answer.error} />}
      {answer.state === 'here' && (
        <ul class="alarm-list">
          {answer.value.builtIn.map((one) => (
            <li class="alarm" key={one.id}>
              <SeverityWord severity={one.severity} />
              <div class="what">
                <strong lang="en">{one.name}</strong>
                <p lang="en">{one.about}</p>
                <p class="hint facts">
                  {(one.limit !== one.about || one.forSeconds > 0) && (
                    <span>
                      <span lang="en">{one.limit === one.about ? '' : one.limit}</span> {forText(one.forSeconds)}
                    </span>
                  )}
                  <ConfigKey name={`alarms.builtIn.${one.id}`} />
                </p>
              </div>
              <div class="when">
                <Watching one={one} />
              </div>
            </li>
          ))}
        </ul>
      )}
      <p class="hint">{t('Each can be set or switched off in the configuration, by the name beside it.')}</p>
    </section>
  );
}

function Watching({ one: { enabled, isOffered } }: { readonly one: BuiltIn }) {
  if (!enabled) return <State tone="idle">{t('Off')}</State>;
  if (isOffered === null) return <State tone="idle">{t('Not looked at yet')}</State>;
  return isOffered ? (
    <State tone="good">{t('Watched')}</State>
  ) : (
    <State tone="idle">{t('Not told by this machine')}</State>
  );
}

/** Who else is told of alarms. */
export function Webhook() {
  const alarms = status.value?.alarms;
  if (alarms === undefined) return null;
  const { webhook } = alarms;
  return (
    <section class="card" aria-labelledby="alarm-webhook">
      <header>
        <h2 id="alarm-webhook">{t('Webhook')}</h2>
        {webhook === null ? (
          <State tone="idle">{t('Not set up')}</State>
        ) : webhook.failure === null ? (
          <State tone="good">{t('Works')}</State>
        ) : (
          <State tone="bad">{t('Does not answer')}</State>
        )}
      </header>
      {webhook === null ? (
        <p class="hint">
          {t('An address that is called each time an alarm is raised, acknowledged or over:')}{' '}
          <ConfigKey name="alarms.webhook.url" />
        </p>
      ) : (
        <>
          {webhook.failure !== null && (
            <p lang="en" dir="auto">
              {webhook.failure}
            </p>
          )}
          <dl class="pairs">
            <dt>{t('Delivered')}</dt>
            <dd>{count(webhook.delivered)}</dd>
            <dt>{t('Waiting')}</dt>
            <dd>{count(webhook.queued)}</dd>
            <dt>{t('Attempts that failed')}</dt>
            <dd>{count(webhook.failures)}</dd>
            <dt>{t('Given up')}</dt>
            <dd>{plural(webhook.dropped.full + webhook.dropped.late, '{n} event', '{n} events')}</dd>
          </dl>
        </>
      )}
    </section>
  );
}

/** A key of the configuration, and the way to it for who may change it. */
function ConfigKey({ name }: { readonly name: string }) {
  const text = <code>{name}</code>;
  return isAdmin() ? <a href={link('settings', 'configuration', { search: name })}>{text}</a> : text;
}
