import { useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { GetAlarmsRulesAnswer } from '../../api/schema.ts';
import { t } from '../../i18n/text.ts';
import { isAdmin } from '../../state/session.ts';
import { Icon } from '../../ui/icon.tsx';
import { Problem } from '../../ui/problem.tsx';
import { removeRule } from '../../ui/remove-rule.ts';
import { type Rule, termsOf } from '../../ui/rule.ts';
import { RuleForm } from '../../ui/rule-form.tsx';
import { conditionText, forText } from '../../ui/rule-words.ts';
import { SeverityWord } from '../../ui/severity.tsx';
import { Empty } from '../../ui/state.tsx';
import { sayProblem } from '../../ui/toasts.tsx';
import { useAnswer } from '../../ui/use-answer.ts';

/** By which rules alarms are raised. */
export function Rules() {
  const [answer, again] = useAnswer<GetAlarmsRulesAnswer>('api/v1/alarms/rules', undefined, 30_000);
  const [edited, setEdited] = useState<Rule | 'new'>();
  const rules = answer.state === 'here' ? answer.value.rules : [];
  const add = isAdmin() && (
    <button class="button" type="button" onClick={() => setEdited('new')}>
      <Icon name="plus" />
      {t('Add a threshold')}
    </button>
  );
  return (
    <section class="card" aria-labelledby="alarm-rules">
      <header>
        <h2 id="alarm-rules">{t('Thresholds')}</h2>
        {rules.length > 0 && add}
      </header>
      {answer.state === 'asking' && <p class="loading">{t('Loading …')}</p>}
      {answer.state === 'failed' && <Problem error={answer.error} />}
      {answer.state === 'here' && rules.length === 0 && (
        <Empty title={t('No thresholds')}>
          <p>{t('With one, an alarm is raised when a value is out of its limits.')}</p>
          {add}
        </Empty>
      )}
      {rules.length > 0 && (
        <ul class="alarm-list">
          {rules.map((rule) => (
            <OneRule rule={rule} key={rule.id} onEdit={() => setEdited(rule)} again={again} />
          ))}
        </ul>
      )}
      {edited !== undefined && (
        <RuleForm rule={edited === 'new' ? undefined : edited} onClose={() => setEdited(undefined)} onDone={again} />
      )}
    </section>
  );
}

function OneRule({
  rule,
  onEdit,
  again,
}: {
  readonly rule: Rule;
  readonly onEdit: () => void;
  readonly again: () => void;
}) {
  const { id, name, device = '*', profile, field, severity = 'warning', enabled = true, forSeconds } = rule;
  const turn = (): void => {
    const body = { ...termsOf(rule), enabled: !enabled };
    ask(`api/v1/alarms/rules/${encodeURIComponent(id)}`, { method: 'PUT', body }).then(again, sayProblem);
  };
  return (
    <li class="alarm">
      <SeverityWord severity={severity} />
      <div class="what">
        <strong>
          <bdi>{name}</bdi>
        </strong>
        <p>
          <bdi>{field}</bdi> {conditionText(rule)} {forText(forSeconds)}
        </p>
        <p class="hint facts">
          <bdi>{device === '*' ? t('All devices') : device}</bdi>
          {profile !== null && profile !== undefined && <bdi>{profile}</bdi>}
        </p>
      </div>
      <div class="when">
        {isAdmin() ? (
          <>
            <label class="check">
              <input type="checkbox" role="switch" aria-checked={enabled} checked={enabled} onChange={turn} />
              <span>
                {t('Watch it')}
                <span class="visually-hidden">: {name}</span>
              </span>
            </label>
            <span class="row">
              <button class="button plain" type="button" aria-label={t('Change {name}', { name })} onClick={onEdit}>
                <Icon name="edit" />
              </button>
              <button
                class="button plain"
                type="button"
                aria-label={t('Delete {name}', { name })}
                onClick={() => removeRule(rule, again)}
              >
                <Icon name="trash" />
              </button>
            </span>
          </>
        ) : (
          !enabled && <span class="hint">{t('Off')}</span>
        )}
      </div>
    </li>
  );
}
