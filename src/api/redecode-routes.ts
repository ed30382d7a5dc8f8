import type { FastifyInstance } from 'fastify';
import { topicFilterFault } from '../lib/topic-filter.ts';
import type { Asked } from '../pipeline/redecode/asked.ts';
import type { RedecodeStatus } from '../pipeline/redecode/status.ts';
import { admin, needs, read } from './guard.ts';
import { problem, sendProblem } from './problem.ts';
import { noProfile, type ProfilesApi } from './profiles-routes.ts';
import { windowOf } from './window.ts';

/** Decoding again, as far as it can be asked for. */
export interface RedecodeApi {
  status(): RedecodeStatus;
  /** @throws {HeadgateError} request.conflict */
  begin(asked: Asked): RedecodeStatus;
  cancel(): Promise<RedecodeStatus>;
}

const path = '/api/v1/profiles/redecode';
const maxText = 1_000;

/**
 * `GET /api/v1/profiles/redecode`: how far decoding again is. For administrators `POST` to begin it, of the messages
 * that `{profile, topic, device, from, to}` say, all of which may be left out; and `DELETE` to stop it.
 */
export function addRedecodeRoutes(
  app: FastifyInstance,
  redecode: RedecodeApi,
  { profile, profiles }: ProfilesApi,
): void {
  app.get(path, needs(read), () => redecode.status());
  app.post(path, needs(admin), (request, reply) => {
    const asked = askedOf(request.body ?? {});
    if (typeof asked === 'string') return sendProblem(reply, problem(400, asked));
    const name = asked.profile;
    if (name !== undefined && !name.includes('*') && profile(name) === undefined) {
      return sendProblem(reply, problem(404, noProfile(name, profiles())));
    }
    return reply.code(202).send(redecode.begin(asked));
  });
  app.delete(path, needs(admin), () => redecode.cancel());
}

/** What is asked for; a sentence when it can't be that. */
function askedOf(body: unknown): Asked | string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'The body must be a JSON object.';
  const { profile, topic, device, from, to, ...others } = body as Readonly<Record<string, unknown>>;
  const [stray] = Object.keys(others);
  if (stray !== undefined) {
    return `There is no \`${stray.slice(0, 40)}\` here: \`profile\`, \`topic\`, \`device\`, \`from\` and \`to\` are.`;
  }
  for (const [name, value] of Object.entries({ profile, topic, device })) {
    if (value === undefined) continue;
    if (typeof value !== 'string' || value === '' || value.length > maxText) {
      return `\`${name}\` must be a text of 1 to ${maxText} characters.`;
    }
  }
  const fault = typeof topic === 'string' ? topicFilterFault(topic) : undefined;
  if (fault !== undefined) return `\`topic\` is ${JSON.stringify(topic)}, ${fault}.`;
  const window = windowOf({ from, to }, true);
  if (typeof window === 'string') return window;
  const texts = { profile, topic, device } as { [key in 'profile' | 'topic' | 'device']?: string };
  for (const name of ['profile', 'topic', 'device'] as const) if (texts[name] === undefined) delete texts[name];
  return { ...texts, fromMs: window.fromMs, toMs: window.toMs };
}
