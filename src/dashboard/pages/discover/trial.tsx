import { count } from '../../i18n/format.ts';
import { plural, t } from '../../i18n/text.ts';
import { Notice, State } from '../../ui/state.tsx';
import { DecodedMessage } from './decoded.tsx';
import type { Trial } from './profile-editor.tsx';

/** From here on a profile is followed without asking. */
const sureEnough = 0.9;

/** What is wrong in a profile, or what it makes of its examples and of the message that came. */
export function TrialResult({
  trial: { faults, examples, message },
  hasMessage,
  onShow,
}: {
  readonly trial: Trial;
  readonly hasMessage: boolean;
  readonly onShow: (line: number, column: number) => void;
}) {
  const off = examples.filter((one) => one.faults.length > 0).length;
  return (
    <>
      <div role="status">
        {faults.length > 0 ? (
          <State tone="bad">{plural(faults.length, '{n} thing is wrong', '{n} things are wrong')}</State>
        ) : off > 0 ? (
          <State tone="warn">{plural(off, '{n} example is not as it says', '{n} examples are not as they say')}</State>
        ) : (
          <State tone="good">{plural(examples.length, 'Its example is right', 'All {n} examples are right')}</State>
        )}
      </div>
      {faults.length > 0 && (
        <ul class="stack">
          {faults.map(({ line, column, message: what }, index) => (
            <li key={index}>
              <button class="button" type="button" onClick={() => onShow(line, column)}>
                {t('Line {line}, column {column}', { line, column })}
              </button>{' '}
              <span lang="en">{what}</span>
            </li>
          ))}
        </ul>
      )}
      {hasMessage && message !== null && (
        <section class="card stack">
          <h3>{t('The message that came')}</h3>
          <DecodedMessage message={message} />
          <p class="hint">{recognised(message.confidence)}</p>
        </section>
      )}
      {examples.map(({ line, about, topic, faults: wrong, becomes }, index) => (
        <section class="card stack" key={index}>
          <div class="row">
            <h3 class="grow" dir="auto">
              {about ?? topic ?? t('Example')}
            </h3>
            <button class="button plain" type="button" onClick={() => onShow(line, 1)}>
              {t('Line {line}', { line })}
            </button>
          </div>
          {wrong.length > 0 && (
            <Notice tone="warn">
              {wrong.map((one) => (
                <span lang="en" key={one}>
                  {one}
                </span>
              ))}
            </Notice>
          )}
          {becomes !== null && <DecodedMessage message={becomes} />}
        </section>
      ))}
    </>
  );
}

function recognised(confidence: number | null): string {
  if (confidence === null)
    return t(
      'Such messages would not be recognised by themselves: adopt their topics by this profile, or mend its `match`.',
    );
  if (confidence < sureEnough)
    return t('Such messages would be suggested to you, {n} % sure.', { n: count(confidence * 100) });
  return t('Such messages are recognised by themselves, {n} % sure.', { n: count(confidence * 100) });
}
