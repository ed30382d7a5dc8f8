import { useEffect, useState } from 'preact/hooks';
import { type AskOptions, ask } from '../api/ask.ts';

/** What was asked for, on its way to the page. */
export type Answer<T> =
  | { readonly state: 'asking' }
  /** `isOld`: it could not be asked for again; this is the last one, and `error` why. */
  | { readonly state: 'here'; readonly value: T; readonly error?: unknown }
  | { readonly state: 'failed'; readonly error: unknown };

/**
 * Asks for something as long as the page shows it, again whenever `path` or the query changes.
 *
 * @param everyMs asks again after that time, while the page is seen
 * @returns the answer, and a function that asks again now
 */
export function useAnswer<T>(
  path: string,
  query?: AskOptions['query'],
  everyMs?: number,
): [answer: Answer<T>, again: () => void] {
  const [answer, setAnswer] = useState<Answer<T>>({ state: 'asking' });
  const [turn, setTurn] = useState(0);
  const key = JSON.stringify([path, query]);
  useEffect(() => setAnswer({ state: 'asking' }), [key]);
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const once = async (): Promise<void> => {
      try {
        if (document.visibilityState === 'visible') {
          const value = await ask<T>(path, { ...(query !== undefined && { query }), signal: abort.signal });
          setAnswer({ state: 'here', value });
        }
      } catch (error) {
        if (abort.signal.aborted) return;
        setAnswer((before) => (before.state === 'here' ? { ...before, error } : { state: 'failed', error }));
      }
      if (everyMs !== undefined && !abort.signal.aborted) timer = setTimeout(once, everyMs);
    };
    void once();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [key, everyMs, turn]);
  return [answer, () => setTurn((n) => n + 1)];
}
