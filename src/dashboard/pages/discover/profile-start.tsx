import { useEffect, useState } from 'preact/hooks';
import { ApiProblem, ask } from '../../api/ask.ts';
import type { GetTopicsAnswer } from '../../api/schema.ts';
import { t } from '../../i18n/text.ts';
import { link, place } from '../../router.ts';
import { isAdmin } from '../../state/session.ts';
import { Field } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';
import { Notice } from '../../ui/state.tsx';
import { ProfileEditor } from './profile-editor.tsx';
import { isNamePart, modelFrom, pathOf } from './profile-text.ts';
import { isCut } from './topic-list.ts';

/** A message that a profile is made for. */
export interface Sample {
  readonly topic: string;
  readonly payload: string;
  readonly isHex: boolean;
}

const noSample: Sample = { topic: '', payload: '', isHex: false };

/** What a profile begins with: a message that came, or its text as it is. */
export function ProfileStart() {
  const { template, name } = place.value.query;
  const [sample, setSample] = useState<Sample | undefined>(template === undefined ? noSample : undefined);
  const [isWhole, setWhole] = useState(true);
  const [made, setMade] = useState<{ name: string; text: string }>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    const abort = new AbortController();
    const find = async (): Promise<void> => {
      if (name !== undefined) {
        setMade(await ask(`${pathOf(name)}/text`, { signal: abort.signal }));
      } else if (template !== undefined) {
        const query = { text: template, limit: 1_000 };
        const { topics } = await ask<GetTopicsAnswer>('api/v1/topics', { query, signal: abort.signal });
        const found = topics.find((one) => one.template === template)?.lastPayload;
        setSample(found === undefined ? noSample : { ...found, payload: found.text });
        setWhole(found === undefined || !isCut(found));
      }
    };
    find().catch((problem) => abort.signal.aborted || setError(problem));
    return () => abort.abort();
  }, []);
  if (error !== undefined) return <Problem error={error} />;
  if (made !== undefined) return <ProfileEditor start={made} sample={sample?.topic === '' ? undefined : sample} />;
  if (sample === undefined || name !== undefined) return <p class="loading">{t('Asking the gateway …')}</p>;
  if (!isAdmin()) return <Notice title={t('Profiles are made by administrators.')} />;
  return <Captured sample={sample} isWhole={isWhole} template={template ?? ''} onSample={setSample} onMade={setMade} />;
}

/** The message, and what is not in it: the profile's name, and what names the device. */
function Captured({
  sample,
  isWhole,
  template,
  onSample,
  onMade,
}: {
  readonly sample: Sample;
  readonly isWhole: boolean;
  readonly template: string;
  readonly onSample: (sample: Sample) => void;
  readonly onMade: (made: { name: string; text: string }) => void;
}) {
  const [vendor, setVendor] = useState('my');
  const [model, setModel] = useState(modelFrom(template) || 'device');
  const [level, setLevel] = useState('');
  const [taken, setTaken] = useState<string>();
  const [error, setError] = useState<unknown>();
  const { topic, payload, isHex } = sample;
  const fault = (text: string) => (isNamePart(text) ? undefined : t('Small letters, digits, dots and dashes.'));
  const draft = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      const name = `${vendor}/${model}`;
      if (await isThere(name)) {
        setTaken(name);
        return;
      }
      const body = {
        name,
        topic,
        ...(isHex ? { payloadHex: payload } : { payload }),
        ...(level !== '' && { deviceLevel: Number(level) }),
      };
      const { text } = await ask<{ text: string }>('api/v1/profiles/draft', { method: 'POST', body });
      onMade({ name, text });
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <form class="card stack" onSubmit={draft}>
      <h2>{t('A profile from a message')}</h2>
      <p class="hint">
        {t('It says what messages of such a device mean. A first one is drafted from a message that came.')}
      </p>
      <Field label={t('Topic')}>
        <input
          class="mono"
          required
          value={topic}
          onInput={(e) => onSample({ ...sample, topic: e.currentTarget.value })}
        />
      </Field>
      <Field
        label={isHex ? t('Message, in hexadecimal digits') : t('Message')}
        hint={isWhole ? undefined : t('Only its beginning was kept: put the whole message here.')}
      >
        <textarea
          rows={4}
          spellcheck={false}
          value={payload}
          onInput={(e) => onSample({ ...sample, payload: e.currentTarget.value })}
        />
      </Field>
      <Field label={t('What names the device')} narrow>
        <select value={level} onChange={(e) => setLevel(e.currentTarget.value)}>
          <option value="">{t('The likeliest part of the topic')}</option>
          {topic !== '' &&
            topic.split('/').map((part, index) => (
              <option value={String(index + 1)} key={index}>
                {part}
              </option>
            ))}
        </select>
      </Field>
      <div class="columns">
        <Field label={t('Vendor')} fault={fault(vendor)}>
          <input required value={vendor} onInput={(e) => setVendor(e.currentTarget.value)} />
        </Field>
        <Field label={t('Model')} fault={fault(model)}>
          <input required value={model} onInput={(e) => setModel(e.currentTarget.value)} />
        </Field>
      </div>
      {error !== undefined && <Problem error={error} />}
      {taken === `${vendor}/${model}` && (
        <Notice tone="warn" title={t('There is a profile {name} already', { name: taken })}>
          <a href={link('discover', 'profile', { name: taken })}>{t('Edit it')}</a>
        </Notice>
      )}
      <div class="row">
        <button class="button primary" type="submit" disabled={!isNamePart(vendor) || !isNamePart(model)}>
          {t('Draft the profile')}
        </button>
      </div>
    </form>
  );
}

/** Whether a profile of that name was made here before. */
async function isThere(name: string): Promise<boolean> {
  try {
    await ask(`${pathOf(name)}/text`);
    return true;
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 404) return false;
    throw error;
  }
}
