import { useState } from 'preact/hooks';
import type { GetAlarmsRulesAnswer } from '../../api/schema.ts';
import { t } from '../../i18n/text.ts';
import { isAdmin } from '../../state/session.ts';
import { Icon } from '../../ui/icon.tsx';
import { Problem } from '../../ui/problem.tsx';
import { removeRule } from '../../ui/remove-rule.ts';
import type { Rule } from '../../ui/rule.ts';
import { RuleForm } from '../../ui/rule-form.tsx';
import { conditionText, forText } from '../../ui/rule-words.ts';
import { SeverityWord } from '../../ui/severity.tsx';
import { Empty, State } from '../../ui/state.tsx';
import type { Answer } from '../../ui/use-answer.ts';
import type { Device } from './about.ts';

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
              <SeverityWord severity={rule.severity ?? 'warning'} />
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
                  onClick={() => removeRule(rule, again)}
                >
                  <Icon name="trash" />
                </button>
              </span>
            )}
          </li>
        ))}
      </ul>
      {edited !== undefined && (
        <RuleForm
          device={device.id}
          field={device.fields[0]?.name ?? ''}
          rule={edited === 'new' ? undefined : edited}
          onClose={() => setEdited(undefined)}
          onDone={again}
        />
      )}
    </section>
  );
}
