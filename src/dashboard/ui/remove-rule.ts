import { ask } from '../api/ask.ts';
import { t } from '../i18n/text.ts';
import { type Rule, termsOf } from './rule.ts';
import { say, sayProblem } from './toasts.tsx';

/** Deletes a rule by which alarms are raised, which can be undone for ten seconds. @param again is called when it is gone, or back */
export function removeRule(rule: Rule, again: () => void): void {
  ask(`api/v1/alarms/rules/${encodeURIComponent(rule.id)}`, { method: 'DELETE' }).then(() => {
    again();
    const back = (): void => {
      ask('api/v1/alarms/rules', { method: 'POST', body: termsOf(rule) }).then(again, sayProblem);
    };
    say(t('The threshold {name} is deleted.', { name: rule.name }), { undo: back });
  }, sayProblem);
}
