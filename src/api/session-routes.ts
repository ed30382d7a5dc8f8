import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Auth } from '../auth/auth.ts';
import { passwordFault } from '../auth/login.ts';
import { csrfTokenOf } from '../auth/sessions.ts';
import type { Nearness } from '../auth/setup.ts';
import { HeadgateError } from '../core/errors.ts';
import type { LiveFeed } from '../core/live.ts';
import type { Principal } from '../core/principal.ts';
import { textsIn } from './body.ts';
import type { WelcomeApi } from './first-run-routes.ts';
import { admin, needs, refused } from './guard.ts';
import { cookieName, isSameOrigin, isSecure, sessionIdOf, starting } from './identify.ts';
import { cursorNow } from './live/cursor-now.ts';
import { isLocalCaller, isNearbyCaller } from './local-caller.ts';
import { problem, sendProblem } from './problem.ts';

const path = '/api/v1/session';

/** Told to whoever signs out while the disk refuses. */
const notOnDisk =
  'You are signed out. The disk refuses to note it: should the gateway start again before it takes that, a session that was stored counts again until it ends by itself.';

/**
 * `POST /api/v1/session` (`name`, `password`) signs a browser in, `DELETE` out, `GET` tells who asks, and where the live feed is; `PUT …/password` (`password`,
 * `newPassword`) changes one's own. `POST /api/v1/setup` (`name`, `password`, `code`) makes the first administrator;
 * `GET …/setup/code` tells the code to whoever is on this machine.
 */
export function addSessionRoutes(
  app: FastifyInstance,
  auth: Auth,
  firstRun: WelcomeApi['firstRun'],
  feed: LiveFeed,
): void {
  app.get(path, needs('nothing'), async (request, reply) => {
    if (!auth.isReady) return sendProblem(reply, refused(starting));
    return reply.send({ ...whoIs(auth, request), live: { cursor: cursorNow(request.principal, feed) } });
  });
  app.post(path, needs('nothing'), async (request, reply) => {
    const asked = textsIn(request.body, ['name', 'password']);
    if (typeof asked === 'string') return sendProblem(reply, problem(400, asked));
    if (!isSameOrigin(request))
      return sendProblem(reply, problem(403, 'This comes from a page that is not of this gateway.'));
    if (!auth.isReady) return sendProblem(reply, refused(starting));
    const { name, password } = asked;
    const principal = await signedIn(auth, { name, password, address: request.ip });
    return await signIn(auth, request, reply, principal);
  });
  app.delete(path, needs('somebody'), async (request, reply) => {
    const id = sessionIdOf(request);
    const person = id === undefined ? undefined : auth.ofSession(id);
    const ended = id === undefined ? true : auth.sessions.end(id);
    // What is open does not say of which session it is: other browsers of the same person come back by themselves.
    if (person !== undefined) auth.book.cut(person.id);
    const isStored = await ended;
    reply.header('set-cookie', cookie(request, '', 0));
    return isStored ? reply.code(204).send() : reply.code(202).send({ isStored, detail: notOnDisk });
  });
  app.put(`${path}/password`, needs('somebody'), async (request, reply) => {
    const asked = textsIn(request.body, ['password', 'newPassword']);
    if (typeof asked === 'string') return sendProblem(reply, problem(400, asked));
    const { principal } = request;
    if (principal.kind !== 'person') return sendProblem(reply, problem(409, 'Only people have passwords.'));
    const fault = passwordFault(asked.newPassword, principal.name);
    if (fault !== undefined) return sendProblem(reply, problem(400, fault));
    await signedIn(auth, { name: principal.name, password: asked.password, address: request.ip });
    const by = { by: principal, from: request.ip };
    await auth.changes.changePassword(principal.id, asked.newPassword, by, sessionIdOf(request));
    return reply.code(204).send();
  });
  app.post('/api/v1/setup', needs('nothing'), async (request, reply) => {
    const asked = textsIn(request.body, ['name', 'password'], ['code']);
    if (typeof asked === 'string') return sendProblem(reply, problem(400, asked));
    if (!isSameOrigin(request))
      return sendProblem(reply, problem(403, 'This comes from a page that is not of this gateway.'));
    if (!auth.isReady) return sendProblem(reply, refused(starting));
    const nearness = nearnessOf(request);
    const onClaim = () => firstRun.begin();
    const { principal } = await auth.setup.claim({ ...asked, nearness, address: request.ip, onClaim });
    return await signIn(auth, request, reply, principal, 201);
  });
  app.get('/api/v1/setup/code', needs(admin), (_request, reply) => {
    const { code, state } = auth.setup;
    if (code === undefined)
      return sendProblem(reply, problem(409, 'This gateway is set up already: it takes no code.'));
    return reply.send({ code, isNeeded: state === 'code' });
  });
}

/** Who has this name and password. @throws {HeadgateError} auth.failed, auth.throttled, overload.shed */
async function signedIn(auth: Auth, given: Parameters<Auth['login']>[0]): Promise<Principal> {
  const outcome = await auth.login(given);
  switch (outcome.kind) {
    case 'in':
      return outcome.principal;
    case 'wrong':
      throw new HeadgateError('auth.failed', 'The name or the password is wrong.');
    case 'wait':
      throw new HeadgateError('auth.throttled', `Too many passwords were wrong: wait ${outcome.seconds} s.`, {
        retryAfterSeconds: outcome.seconds,
      });
  }
}

/** Who asks, the token that their page shows with changes, and whether somebody is set up. */
export function whoIs(auth: Auth, request: FastifyRequest): object {
  const { principal } = request;
  const id = sessionIdOf(request);
  const isSession = id !== undefined && auth.ofSession(id) !== undefined;
  return {
    principal: described(auth, principal),
    ...(isSession && { csrfToken: csrfTokenOf(id) }),
    setup: auth.setup.state,
  };
}

function described(auth: Auth, { id, kind, name }: Principal): object {
  const scopes = kind === 'local' ? ['admin'] : (auth.book.find(id)?.scopes ?? []);
  return { id, kind, name, scopes };
}

async function signIn(
  auth: Auth,
  request: FastifyRequest,
  reply: FastifyReply,
  principal: Principal,
  status = 200,
): Promise<FastifyReply> {
  const { id, isStored } = await auth.sessions.begin(principal.id);
  const seconds = Math.floor(auth.sessions.lifetimeMs / 1_000);
  return reply
    .code(status)
    .header('set-cookie', cookie(request, id, seconds))
    .send({ principal: described(auth, principal), csrfToken: csrfTokenOf(id), isStored });
}

function cookie(request: FastifyRequest, value: string, maxAgeSeconds: number): string {
  const secure = isSecure(request) ? '; Secure' : '';
  return `${cookieName}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}${secure}`;
}

function nearnessOf(request: FastifyRequest): Nearness {
  if (isLocalCaller(request)) return 'here';
  return isNearbyCaller(request) ? 'near' : 'far';
}
