import { useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { GetRulesAnswer } from '../../api/schema.ts';
import { t } from '../../i18n/text.ts';
import { Field } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';
import { Notice } from '../../ui/state.tsx';

/** What is told of a message, as far as it is shown. */
interface Explained {
  readonly rule: string;
  readonly because: string;
}

/** Which rule holds for a message with some topic, and why. */
export function RuleOfTopic() {
  const [topic, setTopic] = useState('');
  const [mqttQos, setQos] = useState('1');
  const [found, setFound] = useState<Explained>();
  const [error, setError] = useState<unknown>();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      const { explain } = await ask<GetRulesAnswer>('api/v1/rules', { query: { topic, mqttQos } });
      setFound(explain as unknown as Explained);
      setError(undefined);
    } catch (problem) {
      setFound(undefined);
      setError(problem);
    }
  };
  return (
    <form class="card" onSubmit={submit} aria-label={t('Which rule holds?')}>
      <h3>{t('Which rule holds?')}</h3>
      <div class="columns">
        <Field label={t('Topic')} hint={t('Of a message, by the rules that are saved')}>
          <input required autocomplete="off" value={topic} onInput={(e) => setTopic(e.currentTarget.value)} />
        </Field>
        <Field label={t('MQTT QoS')} narrow>
          <select value={mqttQos} onChange={(e) => setQos(e.currentTarget.value)}>
            <option>0</option>
            <option>1</option>
            <option>2</option>
          </select>
        </Field>
      </div>
      {found !== undefined && <Notice title={found.rule}>{found.because}</Notice>}
      {error !== undefined && <Problem error={error} />}
      <div class="row">
        <button class="button" type="submit">
          {t('Find out')}
        </button>
      </div>
    </form>
  );
}
