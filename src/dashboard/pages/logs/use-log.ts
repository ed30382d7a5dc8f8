import { useEffect, useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { GetLogsAnswer } from '../../api/schema.ts';
import { type Level, type LogLine, withLines } from './lines.ts';

const waitMs = 20_000;
const restMs = 3_000;

/** The log as it is written, from its last lines on; `problem` while it can't be asked for. */
export function useLog(level: Level): { readonly lines: readonly LogLine[]; readonly problem: unknown } {
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const [problem, setProblem] = useState<unknown>();
  useEffect(() => {
    const abort = new AbortController();
    setLines([]);
    void (async () => {
      let after: string | undefined;
      while (!abort.signal.aborted) {
        try {
          const query = after === undefined ? { level, limit: 1_000 } : { level, limit: 1_000, after, waitMs };
          const { lines: given, next } = await ask<GetLogsAnswer>('api/v1/logs', { query, signal: abort.signal });
          setProblem(undefined);
          after = next;
          if (given.length > 0) setLines((old) => withLines(old, given));
        } catch (error) {
          if (abort.signal.aborted) return;
          setProblem(error);
          // A gateway that started anew counts its lines from the beginning.
          after = undefined;
          await new Promise((resolve) => setTimeout(resolve, restMs));
          setLines([]);
        }
      }
    })();
    return () => abort.abort();
  }, [level]);
  return { lines, problem };
}
