import { useState } from 'preact/hooks';
import { ask, send } from '../../api/ask.ts';
import type { GetRulesAnswer } from '../../api/schema.ts';
import { bytes, duration } from '../../i18n/format.ts';
import { keyOf } from '../../i18n/key.ts';
import { t } from '../../i18n/text.ts';
import { isAdmin } from '../../state/session.ts';
import { Problem } from '../../ui/problem.tsx';
import { priorityName } from '../../ui/reason.ts';
import { State } from '../../ui/state.tsx';
import { say, sayProblem } from '../../ui/toasts.tsx';
import { useAnswer } from '../../ui/use-answer.ts';
import type { Device } from './about.ts';
import { durabilityText, whenFullText } from './words.ts';

type Handled = GetRulesAnswer['rules'][number]['handlings'][number];

/** Which rule holds for a message, as the gateway explains it. */
interface Explained {
  readonly rule: string;
  readonly isBuiltIn: boolean;
  readonly because: string;
  readonly handling: Handled;
  readonly thins: string | null;
  readonly forward: boolean;
}

/** What becomes of its messages: the rule that holds, and whether they go to the collector. */
export function Handling({ device }: { readonly device: Device }) {
  const { topics, source } = device;
  const topic = topics[0];
  return (
    <section class="card" aria-labelledby="device-handling">
      <h2 id="device-handling">{t('What becomes of its messages')}</h2>
      {topic === undefined ? (
        <p class="hint">{t('It was heard on no topic yet.')}</p>
      ) : (
        <Explanation device={device} topic={topic} source={source} />
      )}
    </section>
  );
}

function Explanation({
  device,
  topic,
  source,
}: {
  readonly device: Device;
  readonly topic: string;
  readonly source: string;
}) {
  const [answer, again] = useAnswer<GetRulesAnswer>('api/v1/rules', { topic, source });
  const [isBusy, setBusy] = useState(false);
  if (answer.state === 'asking') return <p class="hint">{t('Asking the gateway …')}</p>;
  if (answer.state === 'failed') return <Problem error={answer.error} />;
  const explain = answer.value.explain as unknown as Explained;
  const { rule, because, handling, thins, forward } = explain;
  const { priority, durability, ttlMs, whenFull, maxBytes } = handling;
  const change = (isForwarded: boolean): void => {
    setBusy(true);
    setForwarding(device.id, isForwarded)
      .then(() => {
        again();
        say(isForwarded ? t('Its messages go to the collector.') : t('Its messages stay on this gateway.'), {
          undo: () => change(!isForwarded),
        });
      }, sayProblem)
      .finally(() => setBusy(false));
  };
  return (
    <>
      <dl class="pairs">
        <dt>{t('Rule')}</dt>
        <dd>
          <strong>
            <bdi>{rule}</bdi>
          </strong>
          <br />
          <span class="hint" lang="en">
            {because}
          </span>
        </dd>
        <dt>{t('Priority')}</dt>
        <dd>{priorityName(priority)}</dd>
        <dt>{t('Durability')}</dt>
        <dd>{durabilityText(durability)}</dd>
        <dt>{t('Kept')}</dt>
        <dd>
          {ttlMs === null ? t('Until it is delivered.') : t('For {time} at most.', { time: duration(ttlMs / 1_000) })}{' '}
          {maxBytes !== null && t('Up to {size} of them.', { size: bytes(maxBytes) })} {whenFullText(whenFull)}
        </dd>
        {thins !== null && (
          <>
            <dt>{t('Thinned')}</dt>
            <dd>{thins}</dd>
          </>
        )}
        <dt>{t('Collector')}</dt>
        <dd>{forward ? <State tone="good">{t('Forwarded')}</State> : <State tone="idle">{t('Stays here')}</State>}</dd>
      </dl>
      {isAdmin() && (forward || rule === ruleName(device.id)) && (
        <div class="row">
          <button class="button" type="button" disabled={isBusy} onClick={() => change(!forward)}>
            {forward ? t('Stop forwarding') : t('Forward again')}
          </button>
        </div>
      )}
    </>
  );
}

/** The rule that keeps one device's messages here. */
const ruleName = (id: string): string =>
  // A rule's name has up to 64 characters, and is its alone.
  `stays-here:${id.length <= 50 ? id : `${id.slice(0, 40)}:${keyOf(id)}`}`;

interface ConfiguredRule {
  readonly name: string;
}

/** A rule of its own before all others, or that one gone again. Nobody else's change is undone: then it is refused. */
async function setForwarding(id: string, isForwarded: boolean): Promise<void> {
  const etag = (await send('api/v1/rules')).headers.get('etag');
  const { config } = await ask<{ readonly config: { readonly rules?: readonly ConfiguredRule[] } }>('api/v1/config');
  const others = (config.rules ?? []).filter(({ name }) => name !== ruleName(id));
  const own = { name: ruleName(id), match: { device: id }, forward: false };
  await ask('api/v1/rules', {
    method: 'PUT',
    body: { rules: isForwarded ? others : [own, ...others] },
    ...(etag !== null && { headers: { 'if-match': etag } }),
  });
}
