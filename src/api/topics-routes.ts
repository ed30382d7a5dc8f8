import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Example, Outcome, Wish } from '../pipeline/topics/topic-desk.ts';
import type { TopicSummary } from '../registry/topics/describe.ts';
import { decodedAnswer } from './decoded-answer.ts';
import { admin, needs, read } from './guard.ts';
import { problem, sendProblem } from './problem.ts';
import { topicPageOf, topicQueryOf } from './topic-query.ts';

/** The topics, as far as they can be asked for something. Whatever fails is a {@link HeadgateError}. */
export interface TopicsApi {
  summaries(): readonly TopicSummary[];
  adopt(wish: Wish, profile: string, device?: string): Promise<Outcome>;
  ignore(wish: Wish): Promise<Outcome>;
  reset(wish: Wish): Promise<Outcome>;
}

const path = '/api/v1/topics';

/**
 * `GET /api/v1/topics`, page by page: what comes in, grouped by template, and what it may be. For administrators
 * `POST …/adopt` (`template` or `topic`, `profile`, `device`), `…/ignore` and `…/reset`; with `?dryRun=true` they only say what would be.
 */
export function addTopicsRoutes(app: FastifyInstance, topics: TopicsApi): void {
  app.get(path, needs(read), (request, reply) => {
    const query = topicQueryOf(request.query as Readonly<Record<string, unknown>>);
    if (typeof query === 'string') return sendProblem(reply, problem(400, query));
    return reply.send(topicPageOf(topics.summaries(), query));
  });
  app.post(`${path}/adopt`, needs(admin), async ({ body, query }, reply) => {
    const asked = wishIn(body, query, ['profile', 'device']);
    if (typeof asked === 'string') return sendProblem(reply, problem(400, asked));
    const { profile, device } = asked.texts;
    if (profile === undefined)
      return sendProblem(reply, problem(400, '`profile` must name one, such as `tasmota/tasmota`.'));
    return answer(reply, asked.wish, await topics.adopt(asked.wish, profile, device));
  });
  for (const what of ['ignore', 'reset'] as const) {
    app.post(`${path}/${what}`, needs(admin), async ({ body, query }, reply) => {
      const asked = wishIn(body, query, []);
      if (typeof asked === 'string') return sendProblem(reply, problem(400, asked));
      return answer(reply, asked.wish, await topics[what](asked.wish));
    });
  }
}

function answer(reply: FastifyReply, { isTrial }: Wish, outcome: Outcome): FastifyReply {
  if (outcome.kind === 'refused') return sendProblem(reply, problem(outcome.status, outcome.detail));
  const { template, says, topics, devices, example } = outcome;
  return reply.send({ template, isTrial, says, topics, devices, example: example && exampleOf(example) });
}

function exampleOf({ topic, payload, isHex, decoded }: Example): object {
  return { topic, payload, isHex, ...decodedAnswer(decoded) };
}

interface Asked {
  readonly wish: Wish;
  readonly texts: Readonly<Record<string, string | undefined>>;
}

/** @returns a sentence when the request is not right */
function wishIn(body: unknown, query: unknown, names: readonly string[]): Asked | string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'The body must be a JSON object.';
  const given = body as Readonly<Record<string, unknown>>;
  const all = ['template', 'topic', ...names];
  const stray = Object.keys(given).find((name) => !all.includes(name));
  if (stray !== undefined) return `There is no \`${stray.slice(0, 40)}\`; there are ${all.join(', ')}.`;
  const wrong = Object.keys(given).find((name) => typeof given[name] !== 'string' || given[name] === '');
  if (wrong !== undefined) return `\`${wrong}\` must be a text that is not empty.`;
  const { template, topic, ...texts } = given as Readonly<Record<string, string>>;
  if ((template === undefined) === (topic === undefined)) return 'Give `template`, or `topic` for one topic alone.';
  if (topic !== undefined && /[+#]/.test(topic))
    return '`topic` is one topic, without + and #; `template` may have them.';
  const { dryRun = 'false', ...others } = query as Readonly<Record<string, unknown>>;
  const [odd] = Object.keys(others);
  if (odd !== undefined) return `There is no parameter \`${odd.slice(0, 40)}\`; there is dryRun.`;
  if (dryRun !== 'true' && dryRun !== 'false') return '`dryRun` must be true or false.';
  return { wish: { template: (template ?? topic)!, isTrial: dryRun === 'true' }, texts };
}
