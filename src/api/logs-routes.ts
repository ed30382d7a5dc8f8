import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HeadgateError } from '../core/errors.ts';
import type { LogLine, LogTail } from '../lib/log-tail.ts';
import { closedSignal } from './closed-signal.ts';
import { admin, needsLong } from './guard.ts';

export type LogsApi = Pick<LogTail, 'last' | 'after' | 'watch'>;

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
const maxWaitMs = 55_000;
const maxLimit = 1_000;

interface Asked {
  readonly after: number;
  readonly limit: number;
  readonly waitMs: number;
  readonly isWanted: (line: LogLine) => boolean;
}

/**
 * `GET /api/v1/logs`: the newest lines of this run, `level` and above, of one `part`; with `after` those that came since, waited for
 * up to `waitMs`.
 */
export function addLogsRoutes(app: FastifyInstance, logs: LogsApi): void {
  app.get('/api/v1/logs', needsLong(admin), async (request, reply) => {
    const asked = askedIn(request, logs.last);
    const find = (): readonly LogLine[] => logs.after(asked.after).filter(asked.isWanted).slice(-asked.limit);
    let found = find();
    if (found.length === 0 && asked.waitMs > 0) {
      await nextLine(
        logs,
        () => find().length > 0,
        AbortSignal.any([AbortSignal.timeout(asked.waitMs), closedSignal(reply)]),
      );
      found = find();
    }
    const lines = found.map(({ text }) => text).join(',');
    return reply.type('application/json; charset=utf-8').send(`{"lines":[${lines}],"next":"${logs.last}"}`);
  });
}

/** Resolves when there is a line that is wanted, or nobody waits any more. */
async function nextLine(logs: LogsApi, isThere: () => boolean, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const forget = logs.watch(() => {
    if (isThere()) resolve();
  });
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
  forget();
}

/** @throws {HeadgateError} request.invalid */
function askedIn({ query }: FastifyRequest, last: number): Asked {
  const {
    after = '0',
    limit = '200',
    waitMs = '0',
    level = 'trace',
    part,
    ...others
  } = query as Readonly<Record<string, unknown>>;
  const [odd] = Object.keys(others);
  if (odd !== undefined)
    throw invalid(`There is no parameter \`${odd.slice(0, 40)}\`; there are after, level, limit, part, waitMs.`);
  if (typeof level !== 'string' || !levels.includes(level)) throw invalid(`\`level\` must be ${levels.join(', ')}.`);
  if (part !== undefined && typeof part !== 'string') throw invalid('`part` must be given once.');
  const least = levels.indexOf(level);
  const number = numberIn('after', after, Number.MAX_SAFE_INTEGER);
  return {
    // One that was not written yet is of an earlier run: all of this one came since.
    after: number > last ? 0 : number,
    limit: numberIn('limit', limit, maxLimit),
    waitMs: numberIn('waitMs', waitMs, maxWaitMs),
    isWanted: ({ text }) => {
      const line = JSON.parse(text) as { readonly level: string; readonly part?: string };
      return levels.indexOf(line.level) >= least && (part === undefined || line.part === part);
    },
  };
}

function numberIn(name: string, given: unknown, most: number): number {
  const number = typeof given === 'string' && /^\d{1,16}$/.test(given) ? Number(given) : Number.NaN;
  if (!(number <= most)) throw invalid(`\`${name}\` must be a number from 0 to ${most}.`);
  return number;
}

function invalid(text: string): HeadgateError {
  return new HeadgateError('request.invalid', text);
}
