import { useEffect, useRef, useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { GetTopicsAnswer } from '../../api/schema.ts';
import { listOf, type Topic, type TopicList, withAnswer, withChange, withMore } from './topic-list.ts';

const pageSize = 100;
/** As many as the gateway tells at once. */
const mostRows = 1_000;
const everyMs = 2_000;
/** Somebody is still typing. */
const pauseMs = 250;

export interface Topics {
  /** Undefined: they were not told yet. */
  readonly list: TopicList | undefined;
  /** Why they can't be asked for now. */
  readonly error: unknown;
  /** Asks anew: with what came since, in the order of now. @param more rows behind those that there are */
  readonly again: (size?: number) => void;
  readonly change: (templates: readonly string[], change: (topic: Topic) => Partial<Topic>) => void;
}

/** What comes in, by template, as long as the page shows it. Rows change in place; nothing moves unless it is asked for. */
export function useTopics(state: string, text: string): Topics {
  const [list, setList] = useState<TopicList>();
  const [error, setError] = useState<unknown>();
  const [turn, setTurn] = useState({ size: pageSize, isMore: false });
  const size = Math.min(mostRows, turn.size);
  const before = useRef('');
  useEffect(() => {
    const abort = new AbortController();
    const query = { limit: size, ...(state !== '' && { state }), ...(text !== '' && { text }) };
    let isFirst = true;
    const once = async (): Promise<void> => {
      try {
        if (isFirst || document.visibilityState === 'visible') {
          const answer = await ask<GetTopicsAnswer>('api/v1/topics', { query, signal: abort.signal });
          const isNew = isFirst;
          isFirst = false;
          setList((old) => {
            if (old === undefined || (isNew && !turn.isMore)) return listOf(answer);
            return isNew ? withMore(old, answer) : withAnswer(old, answer);
          });
          setError(undefined);
        }
      } catch (problem) {
        if (abort.signal.aborted) return;
        setError(problem);
      }
      if (!abort.signal.aborted) timer = setTimeout(once, everyMs);
    };
    let timer = setTimeout(once, before.current !== text ? pauseMs : 0);
    before.current = text;
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [state, text, turn]);
  return {
    list,
    error,
    again: (more = 0) => setTurn({ size: size + more, isMore: more > 0 }),
    change: (templates, change) => setList((old) => old && withChange(old, templates, change)),
  };
}
