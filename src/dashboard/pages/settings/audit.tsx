import { useState } from 'preact/hooks';
import type { GetAuditAnswer } from '../../api/schema.ts';
import { dateTime } from '../../i18n/format.ts';
import { plural, t } from '../../i18n/text.ts';
import { Problem } from '../../ui/problem.tsx';
import { Empty, State } from '../../ui/state.tsx';
import { useAnswer } from '../../ui/use-answer.ts';

const pageSize = 50;

/** Who changed what, and who was refused. */
export function Section() {
  /** The entry before which each page begins; the first begins with the newest. */
  const [pages, setPages] = useState<readonly number[]>([]);
  const [answer, again] = useAnswer<GetAuditAnswer>('api/v1/audit', { limit: pageSize, before: pages.at(-1) });
  const entries = answer.state === 'here' ? answer.value.entries : [];
  const last = entries.at(-1)?.number;
  return (
    <>
      <div class="row">
        <h2 class="grow">{t('Audit')}</h2>
        <button class="button" type="button" onClick={again}>
          {t('Refresh')}
        </button>
      </div>
      <p class="hint">{t('What was changed and by whom, and who was refused, the newest first.')}</p>
      <section class="card">
        {answer.state === 'asking' && <p class="loading">{t('Asking the gateway …')}</p>}
        {answer.state === 'failed' && <Problem error={answer.error} />}
        {answer.state === 'here' && entries.length === 0 && <Empty title={t('Nobody has changed anything yet')} />}
        {entries.length > 0 && (
          <div class="table-box">
            <table class="cards">
              <thead>
                <tr>
                  <th scope="col">{t('When')}</th>
                  <th scope="col">{t('Who')}</th>
                  <th scope="col">{t('What')}</th>
                  <th scope="col">{t('Outcome')}</th>
                </tr>
              </thead>
              <tbody>
                {entries.map(({ number, at, who, from, what, about, times, outcome, isStored }) => (
                  <tr key={number}>
                    <td data-label={t('When')}>{dateTime(Date.parse(at))}</td>
                    <td data-label={t('Who')}>
                      <span>
                        <bdi>{who}</bdi> <span class="hint">{from}</span>
                      </span>
                    </td>
                    <td data-label={t('What')}>
                      <span>
                        <code>{what}</code> <bdi>{about}</bdi>
                        {times !== undefined && times > 1 && (
                          <span class="hint"> {plural(times, '{n} time', '{n} times')}</span>
                        )}
                      </span>
                    </td>
                    <td data-label={t('Outcome')}>
                      <Outcome outcome={outcome} />
                      {!isStored && <span class="hint"> {t('Not on disk yet')}</span>}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        <div class="row">
          <button
            class="button"
            type="button"
            disabled={pages.length === 0}
            onClick={() => setPages(pages.slice(0, -1))}
          >
            {t('Newer')}
          </button>
          <button
            class="button"
            type="button"
            disabled={entries.length < pageSize}
            onClick={() => last !== undefined && setPages([...pages, last])}
          >
            {t('Older')}
          </button>
        </div>
      </section>
    </>
  );
}

function Outcome({ outcome }: { readonly outcome: 'done' | 'refused' | 'failed' }) {
  switch (outcome) {
    case 'done':
      return <State tone="good">{t('Done')}</State>;
    case 'refused':
      return <State tone="warn">{t('Refused')}</State>;
    case 'failed':
      return <State tone="bad">{t('Failed')}</State>;
  }
}
