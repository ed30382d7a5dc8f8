import type { FastifyInstance } from 'fastify';
import type { ProbeReport } from '../uplink/probe-report.ts';
import { objectIn } from './body.ts';
import { admin, needs } from './guard.ts';
import { problem, sendProblem } from './problem.ts';

/** Where a collector is tried out. Whatever fails is a {@link HeadgateError}. */
export interface UplinkTestApi {
  test(wish: { readonly url: string } & Readonly<Partial<Record<Wish, string>>>): Promise<ProbeReport>;
}

const wishes = ['token', 'enrolToken', 'ca', 'fingerprint', 'serverName'] as const;
type Wish = (typeof wishes)[number];
/** A chain of certificates is the longest of them, in characters. */
const maxLength = 32_000;

/**
 * `POST /api/v1/uplink/test`, for administrators: tries a collector out, stage by stage, and answers within 15 s. Changes nothing, here or
 * there; a token for enrolment is not used up.
 */
export function addUplinkTestRoute(app: FastifyInstance, uplink: UplinkTestApi): void {
  app.post('/api/v1/uplink/test', needs(admin), async ({ body }, reply) => {
    const asked = objectIn(body, ['url', ...wishes]);
    if (typeof asked === 'string') return sendProblem(reply, problem(400, asked));
    for (const [name, value] of Object.entries(asked)) {
      if (typeof value !== 'string' || value === '' || value.length > maxLength)
        return sendProblem(reply, problem(400, `\`${name}\` must be a text of 1 to ${maxLength} characters.`));
    }
    if (asked.url === undefined)
      return sendProblem(reply, problem(400, '`url` is missing: the address of a collector.'));
    return reply.send(await uplink.test(asked as Parameters<UplinkTestApi['test']>[0]));
  });
}
