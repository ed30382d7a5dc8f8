import { ApiProblem } from '../api/ask.ts';
import { t } from '../i18n/text.ts';
import { Notice } from './state.tsx';

/** What went wrong and what to do next, in the gateway's own words. */
export function Problem({ error }: { readonly error: unknown }) {
  if (error instanceof ApiProblem && error.code === 'gateway.unreachable') {
    return (
      <Notice tone="bad" title={t('The gateway does not answer.')}>
        {t('This page tries again. What the gateway has taken in is safe.')}
      </Notice>
    );
  }
  const text = error instanceof Error ? error.message : String(error);
  return (
    <Notice tone="bad" title={text} lang="en">
      {error instanceof ApiProblem && error.advice !== undefined && <span lang="en">{error.advice}</span>}
    </Notice>
  );
}
