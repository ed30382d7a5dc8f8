import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { allows } from '../auth/allows.ts';
import { type ErrorCode, HeadgateError } from '../core/errors.ts';
import { type Action, nobody, type Principal } from '../core/principal.ts';
import { type Problem, problem, sendProblem } from './problem.ts';

/**
 * What a route needs of its caller. `nothing`: anybody may ask. `somebody`: whoever says who they are; the route itself looks at what
 * they may. An action: whoever may do it. A function: the action that the request's own path names.
 */
export type Need = 'nothing' | 'somebody' | Action | ((request: FastifyRequest) => Action);

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; `nobody` where a route needs nothing and the caller does not say. */
    principal: Principal;
  }
  interface FastifyContextConfig {
    needs?: Need;
    /** The route notes what it does in the audit log itself, with more than its path. */
    isNotedItself?: boolean;
    /** An answer may take long: it ends when its caller is revoked. */
    isLong?: boolean;
  }
}

/** Why what a request shows of its caller does not count. */
export interface Unidentified {
  readonly code: ErrorCode;
  /** A sentence. */
  readonly detail: string;
  /** Where it is not what the code says. */
  readonly retryAfterSeconds?: number;
}

/** What a request shows of its caller: Node's own, or fastify's. */
export type Asking = Pick<IncomingMessage, 'headers' | 'socket'> & {
  readonly method?: string | undefined;
  /** With its query. */
  readonly url?: string | undefined;
};

/** Who a request comes from. */
export type Identify = (request: Asking) => Principal | Unidentified;

/** Every change that is not of one device's data. */
export const admin: Action = { kind: 'admin' };
/** To see what the gateway knows. */
export const read: Action = { kind: 'read' };

/** As {@link needs}, of a route that notes in the audit log itself what is done by it. */
export function noted(need: Need): { config: { needs: Need; isNotedItself: boolean } } {
  return { config: { needs: need, isNotedItself: true } };
}

/** A route's options that say what it needs: `app.get(url, needs(read), …)`. */
export function needs(need: Need): { config: { needs: Need } } {
  return { config: { needs: need } };
}

/** As {@link needs}, of a route whose answer may take long: whoever is revoked meanwhile does not get the rest. */
export function needsLong(need: Need): { config: { needs: Need; isLong: boolean } } {
  return { config: { needs: need, isLong: true } };
}

/** Ends answers that take long when their callers are revoked. To be added behind the guard. @param watch as `LiveApi` has it */
export function addRevocation(
  app: FastifyInstance,
  watch: (principal: Principal, end: () => void) => () => void,
): void {
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404 || request.routeOptions.config.isLong !== true) return;
    const forget = watch(request.principal, () => {
      if (reply.sent) reply.raw.destroy();
      else sendProblem(reply, problem('access.unknown', 'The credentials of this request do not count any more.'));
    });
    reply.raw.once('close', forget);
  });
}

/**
 * Sees to it that every route of an app says what it needs, and that nobody gets there without: before the body is read.
 * A route that says nothing can't be added.
 *
 * @param ofOthers by URL: what the routes need that libraries add, which can't say it themselves
 */
export function addGuard(
  app: FastifyInstance,
  identify: Identify,
  ofOthers: Readonly<Record<string, Need>> = {},
): void {
  // Set below for every request: fastify takes no object here, as all would share it.
  app.decorateRequest('principal', null as unknown as Principal);
  app.addHook('onRoute', (route) => {
    const need = route.config?.needs ?? (Object.hasOwn(ofOthers, route.url) ? ofOthers[route.url] : undefined);
    if (need === undefined)
      throw new Error(`${route.method} ${route.url} does not say what it needs: see src/api/guard.ts.`);
    route.config = { ...route.config, needs: need };
  });
  app.addHook('onRequest', async (request, reply) => {
    request.principal = nobody;
    if (request.is404) return undefined;
    const { needs: need = admin } = request.routeOptions.config;
    const found = identify(request);
    const isKnown = 'kind' in found;
    if (isKnown) request.principal = found;
    if (need === 'nothing') return undefined;
    if (!isKnown) return sendProblem(reply, refused(found));
    if (found.kind === 'nobody') return sendProblem(reply, problem(401, whoAreYou));
    if (need === 'somebody') return undefined;
    const action = typeof need === 'function' ? need(request) : need;
    return allows(found, action) ? undefined : sendProblem(reply, problem(403, refusal(found, action)));
  });
}

/** Why somebody is not let in, as whoever asks is told. */
export function refused({ code, detail, retryAfterSeconds }: Unidentified): Problem {
  return problem(code, detail, retryAfterSeconds);
}

/** For what a route learns only from its body. @throws {HeadgateError} access.denied, access.unknown */
export function demand({ principal }: FastifyRequest, action: Action): void {
  demandOf(principal, action);
}

/** The same for other protocols than HTTP. @throws {HeadgateError} access.denied, access.unknown */
export function demandOf(principal: Principal, action: Action): void {
  if (allows(principal, action)) return;
  if (principal.kind === 'nobody') throw new HeadgateError('access.unknown', whoAreYou);
  throw new HeadgateError('access.denied', refusal(principal, action));
}

const whoAreYou = 'Nobody may do this without saying who they are: `Authorization: Bearer TOKEN` does.';

function refusal({ name }: Principal, action: Action): string {
  return `${name} may not ${deed(action)}.`;
}

/** What is not allowed, as what follows "may not". Texts from outside are cut. */
function deed(action: Action): string {
  switch (action.kind) {
    case 'publish':
      return `publish to \`${action.topic.slice(0, 200)}\``;
    case 'subscribe':
      return `subscribe to \`${action.filter.slice(0, 200)}\``;
    case 'receive':
      return `receive \`${action.topic.slice(0, 200)}\``;
    case 'read':
      return action.deviceId === undefined ? 'see this' : `see the device \`${action.deviceId.slice(0, 200)}\``;
    case 'command':
      return `give the device \`${action.deviceId.slice(0, 200)}\` commands`;
    case 'acknowledge':
      return action.deviceId === undefined
        ? 'acknowledge alarms of the gateway'
        : `acknowledge alarms of the device \`${action.deviceId.slice(0, 200)}\``;
    case 'admin':
      return 'do this: it takes the scope `admin`';
  }
}
