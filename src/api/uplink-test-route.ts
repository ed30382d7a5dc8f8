import type { FastifyInstance } from 'fastify';
import type { UplinkPlan } from '../uplink/probe-desk.ts';
import type { ProbeReport } from '../uplink/probe-report.ts';
import { objectIn } from './body.ts';
import type { ConfigApi } from './config-routes.ts';
import { admin, needs } from './guard.ts';
import { problem, sendProblem } from './problem.ts';

/** Where a collector is tried out. Whatever fails is a {@link HeadgateError}. */
export interface UplinkTestApi {
  test(wish: Wished): Promise<ProbeReport>;
  plan(wish: Wished): UplinkPlan;
}

/** Where a record of the gateway's own is sent the whole way. */
export interface CanaryApi {
  /** Resolves when it is durable here; fails with what the buffer refuses it with. */
  ask(): Promise<{ readonly sequence?: number }>;
}

const wishes = ['token', 'enrolToken', 'ca', 'fingerprint', 'serverName'] as const;
type Wish = (typeof wishes)[number];
type Wished = { readonly url: string } & Readonly<Partial<Record<Wish, string>>>;
/** A chain of certificates is the longest of them, in characters. */
const maxLength = 32_000;

/**
 * For administrators. `POST /api/v1/uplink/test` tries a collector out, stage by stage, and answers within 15 s; it changes nothing, here or
 * there, and a token for enrolment is not used up. `POST …/apply` has the gateway use that collector: it enrols where there is a token for
 * that, and sets the configuration, which holds after a restart.
 */
export function addUplinkTestRoute(app: FastifyInstance, uplink: UplinkTestApi, config: ConfigApi): void {
  app.post('/api/v1/uplink/test', needs(admin), async ({ body }, reply) => {
    const wish = wishIn(body);
    if (typeof wish === 'string') return sendProblem(reply, problem(400, wish));
    return reply.send(await uplink.test(wish));
  });
  app.post('/api/v1/uplink/apply', needs(admin), async ({ body }, reply) => {
    const wish = wishIn(body);
    if (typeof wish === 'string') return sendProblem(reply, problem(400, wish));
    const { keys } = config.view();
    const locked = keys['uplink.url']?.locked ?? null;
    if (locked !== null) return sendProblem(reply, problem(409, `\`uplink.url\` can't be set here: ${locked}`));
    const { settings, isEnrolled, carryOut } = uplink.plan(wish);
    for (const key of ['token', 'tokenFile']) {
      const { isSet = false, source, where } = keys[`uplink.${key}`] ?? {};
      if (settings.uplink[key] !== null || !isSet || source === 'here') continue;
      const detail = `${where} gives the gateway's token for another collector, which this one would be shown: give its own \`token\`, or take that one away.`;
      return sendProblem(reply, problem(409, detail));
    }
    // Before the token is used up.
    config.check(settings);
    await carryOut();
    config.change(settings);
    const { pending, trial, restart } = config.view();
    return reply.send({ isEnrolled, pending, trial, restart });
  });
}

/** @returns a sentence when it is none */
function wishIn(body: unknown): Wished | string {
  const asked = objectIn(body, ['url', ...wishes]);
  if (typeof asked === 'string') return asked;
  for (const [name, value] of Object.entries(asked)) {
    if (typeof value !== 'string' || value === '' || value.length > maxLength)
      return `\`${name}\` must be a text of 1 to ${maxLength} characters.`;
  }
  return asked.url === undefined ? '`url` is missing: the address of a collector.' : (asked as unknown as Wished);
}

/** For administrators: `POST /api/v1/uplink/canary` sends a canary record now, and answers once it is durable here. */
export function addCanaryRoute(app: FastifyInstance, canary: CanaryApi): void {
  app.post('/api/v1/uplink/canary', needs(admin), async (_request, reply) => {
    const { sequence = 0 } = await canary.ask();
    return reply.code(201).send({ sequence });
  });
}
