import type { Window } from '../buffer/history.ts';

/** RFC 3339: a time that leaves its zone open is somebody else's time somewhere else. */
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

/**
 * Reads `{from, to, rule}`: times as in `2026-11-22T18:00:00Z`, `to` itself not included.
 * @param isWhole whether without `from` or `to` everything before or behind is meant
 * @returns a sentence when it is not that
 */
export function windowOf(body: unknown, isWhole: boolean): Window | string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'The body must be a JSON object.';
  const { from, to, rule, ...others } = body as Readonly<Record<string, unknown>>;
  const [stray] = Object.keys(others);
  if (stray !== undefined) return `There is no \`${stray.slice(0, 40)}\` here: \`from\`, \`to\` and \`rule\` are.`;
  const fromMs = from === undefined && isWhole ? 0 : timeOf(from);
  const toMs = to === undefined && isWhole ? Number.MAX_SAFE_INTEGER : timeOf(to);
  const example = 'a time with its zone, such as 2026-11-22T18:00:00Z';
  if (fromMs === undefined) return `\`from\` must be ${example}.`;
  if (toMs === undefined) return `\`to\` must be ${example}.`;
  if (toMs <= fromMs) return '`to` must be later than `from`.';
  if (rule !== undefined && typeof rule !== 'string') return '`rule` must be the name of a rule.';
  return { fromMs, toMs, ...(rule !== undefined && { rule }) };
}

/** Milliseconds; undefined when it is no time with its zone. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value !== 'string' || !timePattern.test(value)) return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : ms;
}
