import { useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { GetAlarmsRulesAnswer } from '../../api/schema.ts';
import { t } from '../../i18n/text.ts';
import { isAdmin } from '../../state/session.ts';
import { Icon } from '../../ui/icon.tsx';
import { Problem } from '../../ui/problem.tsx';
import { Empty, State } from '../../ui/state.tsx';
import { say, sayProblem } from '../../ui/toasts.tsx';
import type { Answer } from '../../ui/use-answer.ts';
import type { Device } from './about.ts';
import type { Rule } from './threshold.ts';
import { ThresholdForm, termsOf } from './threshold-form.tsx';
import { conditionText, forText, severityName, severityTone } from './words.ts';

/** By which rules alarms of this device are raised. */
export function Thresholds({
  device,
  rules,
  own,
  again,
}: {
  readonly device: Device;
  readonly rules: Answer<GetAlarmsRulesAnswer>;
  /** Those of them that hold for it. */
  readonly own: readonly Rule[];
  readonly again: () => void;
}) {
  const [edited, setEdited] = useState<Rule | 'new'>();
  const add = (
    <button class="button" type="button" onClick={() => setEdited('new')}>
      <Icon name="plus" />
      {t('Add a threshold')}
    </button>
  );
  return (
    <section class="card device-rules" aria-labelledby="device-thresholds">
      <header>
        <h2 id="device-thresholds">{t('Thresholds')}</h2>
        {isAdmin() && own.length > 0 && add}
      </header>
      {rules.state === 'failed' && <Problem error={rules.error} />}
      {rules.state === 'here' && own.length === 0 && (
        <Empty title={t('No thresholds')}>
          <p>{t('With one, an alarm is raised when a value is out of its limits.')}</p>
          {isAdmin() && add}
        </Empty>
      )}
      <ul>
        {own.map((rule) => (
          <li key={rule.id}>
            <span class="grow">
              <strong>
                <bdi>{rule.name}</bdi>
              </strong>
              <br />
              <span class="hint">
                <bdi>{rule.field}</bdi> {conditionText(rule)} {forText(rule.forSeconds)}
                {rule.device !== device.id && ` · ${t('for several devices')}`}
              </span>
            </span>
            {rule.enabled === false ? (
              <State tone="idle">{t('Off')}</State>
            ) : (
              <State tone={severityTone(rule.severity ?? 'warning')}>{severityName(rule.severity ?? 'warning')}</State>
            )}
            {isAdmin() && (
              <span class="row">
                <button
                  class="button plain"
                  type="button"
                  aria-label={t('Change {name}', { name: rule.name })}
                  onClick={() => setEdited(rule)}
                >
                  <Icon name="edit" />
                </button>
                <button
                  class="button plain"
                  type="button"
                  aria-label={t('Delete {name}', { name: rule.name })}
                  onClick={() => remove(rule, again)}
                >
                  <Icon name="trash" />
                </button>
              </span>
            )}
          </li>
        ))}
      </ul>
      {edited !== undefined && (
        <ThresholdForm
          device={device}
          rule={edited === 'new' ? undefined : edited}
          onClose={() => setEdited(undefined)}
          onDone={again}
        />
      )}
    </section>
  );
}

function remove(rule: Rule, again: () => void): void {
  ask(`api/v1/alarms/rules/${encodeURIComponent(rule.id)}`, { method: 'DELETE' }).then(() => {
    again();
    const back = (): void => {
      ask('api/v1/alarms/rules', { method: 'POST', body: termsOf(rule) }).then(again, sayProblem);
    };
    say(t('The threshold {name} is deleted.', { name: rule.name }), { undo: back });
  }, sayProblem);
}
