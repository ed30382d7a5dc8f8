import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Account, AccountKind } from '../auth/account.ts';
import type { Auth } from '../auth/auth.ts';
import type { Made } from '../auth/changes.ts';
import { isText, objectIn, textsIn } from './body.ts';
import type { WelcomeApi } from './first-run-routes.ts';
import { admin, needs, noted } from './guard.ts';
import { problem, sendProblem } from './problem.ts';

interface ById {
  readonly Params: { readonly id: string };
}

const lists: Readonly<Record<'tokens' | 'users' | 'credentials', AccountKind>> = {
  tokens: 'program',
  users: 'person',
  credentials: 'device',
};
const maxPage = 1_000;

/**
 * For administrators: `GET`, `POST`, `PATCH …/{id}` (`scopes`) and `DELETE …/{id}` of `/api/v1/tokens` (programs), `/api/v1/users` (people) and
 * `/api/v1/credentials` (devices), `PUT /api/v1/users/{id}/password`, and `GET /api/v1/audit`. A secret is told once, in the answer to
 * the `POST` that made it.
 */
export function addAccountsRoutes(
  app: FastifyInstance,
  auth: Auth,
  gateway: Pick<WelcomeApi['gateway'], 'mqtt'>,
): void {
  const by = ({ principal, ip }: FastifyRequest) => ({ by: principal, from: ip });
  for (const [list, kind] of Object.entries(lists)) {
    app.get(`/api/v1/${list}`, needs(admin), () => ({
      [list]: auth.book.list(kind).map((account) => described(auth, account)),
    }));
    app.delete<ById>(`/api/v1/${list}/:id`, noted(admin), async (request, reply) => {
      const { id } = request.params;
      if (auth.book.find(id)?.kind !== kind) return sendNothing(reply, id, list);
      await auth.changes.remove(id, by(request));
      return reply.code(204).send();
    });
  }
  for (const [list, kind] of Object.entries(lists)) {
    app.patch<ById>(`/api/v1/${list}/:id`, noted(admin), async (request, reply) => {
      const { id } = request.params;
      if (auth.book.find(id)?.kind !== kind) return sendNothing(reply, id, list);
      const asked = objectIn(request.body, ['scopes']);
      if (typeof asked === 'string') return sendProblem(reply, problem(400, asked));
      const fault = scopesFault(asked.scopes);
      if (fault !== undefined) return sendProblem(reply, problem(400, fault));
      return described(auth, await auth.changes.changeScopes(id, asked.scopes as string[], by(request)));
    });
  }
  const send = (reply: FastifyReply, { account, ...secret }: Made) =>
    reply.code(201).send({ ...described(auth, account), ...secret });

  app.post('/api/v1/tokens', noted(admin), async (request, reply) => {
    const asked = objectIn(request.body, ['name', 'scopes', 'expiresAt']);
    if (typeof asked === 'string') return sendProblem(reply, problem(400, asked));
    const { name, scopes, expiresAt } = asked;
    const fault = nameAndScopesFault(name, scopes) ?? timeFault(expiresAt);
    if (fault !== undefined) return sendProblem(reply, problem(400, fault));
    const until = expiresAt === undefined ? undefined : Date.parse(expiresAt as string);
    return send(reply, await auth.changes.addProgram(name as string, scopes as string[], until, by(request)));
  });
  app.post('/api/v1/users', noted(admin), async (request, reply) => {
    const asked = objectIn(request.body, ['name', 'password', 'scopes']);
    if (typeof asked === 'string') return sendProblem(reply, problem(400, asked));
    const { name, password, scopes } = asked;
    const fault =
      nameAndScopesFault(name, scopes ?? ['read']) ?? (isText(password) ? undefined : '`password` must be a text.');
    if (fault !== undefined) return sendProblem(reply, problem(400, fault));
    return send(
      reply,
      await auth.changes.addPerson(name as string, password as string, scopes as string[] | undefined, by(request)),
    );
  });
  app.put<ById>('/api/v1/users/:id/password', noted(admin), async (request, reply) => {
    const asked = textsIn(request.body, ['password']);
    if (typeof asked === 'string') return sendProblem(reply, problem(400, asked));
    await auth.changes.changePassword(request.params.id, asked.password, by(request));
    return reply.code(204).send();
  });
  app.post('/api/v1/credentials', noted(admin), async (request, reply) => {
    const names = ['device', 'name', 'password', 'scopes', 'commonName', 'fingerprint'];
    const asked = objectIn(request.body, names);
    if (typeof asked === 'string') return sendProblem(reply, problem(400, asked));
    const { scopes, ...texts } = asked;
    const wrong = Object.keys(texts).find((key) => !isText(texts[key]));
    if (wrong !== undefined) return sendProblem(reply, problem(400, `\`${wrong}\` must be a text.`));
    const { device, ...rest } = texts as Readonly<Record<string, string>>;
    if (device === undefined) return sendProblem(reply, problem(400, '`device` is missing: the id of a device.'));
    const fault = scopes === undefined ? undefined : nameAndScopesFault(device, scopes);
    if (fault !== undefined) return sendProblem(reply, problem(400, fault));
    const wanted = { device, ...rest, ...(scopes !== undefined && { scopes: scopes as string[] }) };
    const made = await auth.changes.addDevice(wanted, by(request));
    // All that has to be typed into the device, at the only time that the password is known.
    const secret = made.password === undefined ? {} : { password: made.password };
    return reply.code(201).send({ ...described(auth, made.account), ...secret, mqtt: gateway.mqtt() });
  });
  app.get('/api/v1/audit', needs(admin), async ({ query }, reply) => {
    const { limit = '100', before = '9007199254740991', ...others } = query as Readonly<Record<string, unknown>>;
    const [odd] = Object.keys(others);
    if (odd !== undefined) return sendProblem(reply, problem(400, `There is no parameter \`${odd.slice(0, 40)}\`.`));
    if (!isCount(limit) || Number(limit) > maxPage || Number(limit) < 1)
      return sendProblem(reply, problem(400, `\`limit\` must be a number from 1 to ${maxPage}.`));
    if (!isCount(before)) return sendProblem(reply, problem(400, '`before` must be the number of an entry.'));
    const { audit } = auth;
    await audit.settle();
    const entries = audit.newest(Number(limit), Number(before));
    return reply.send({
      entries: entries.map((entry) => ({ ...entry, at: timeText(entry.at), isStored: audit.isStored(entry) })),
    });
  });
}

/** What may be told of an account: everything but what it is known by. */
function described(auth: Auth, account: Account): object {
  const { id, kind, name, scopes, proof, device, createdAt, createdBy, expiresAt } = account;
  const lastUsedAt = auth.book.lastUsedAt(id);
  return {
    id,
    kind,
    name,
    scopes,
    ...(device !== undefined && { device }),
    ...(proof.kind === 'certificate' && {
      certificate: { commonName: proof.commonName, fingerprint: proof.fingerprint },
    }),
    createdAt: timeText(createdAt),
    createdBy,
    expiresAt: expiresAt === undefined ? null : timeText(expiresAt),
    lastUsedAt: lastUsedAt === undefined ? null : timeText(lastUsedAt),
  };
}

function sendNothing(reply: FastifyReply, id: string, list: string): FastifyReply {
  return sendProblem(reply, problem(404, `There is nothing with the id \`${id.slice(0, 40)}\` in ${list}.`));
}

function nameAndScopesFault(name: unknown, scopes: unknown): string | undefined {
  return isText(name) ? scopesFault(scopes) : '`name` must be a text that is not empty.';
}

function scopesFault(scopes: unknown): string | undefined {
  const isList = Array.isArray(scopes) && scopes.length > 0 && scopes.every(isText);
  return isList ? undefined : '`scopes` must be a list of texts, such as ["read"].';
}

function timeFault(time: unknown): string | undefined {
  if (time === undefined) return undefined;
  const isTime =
    typeof time === 'string' && /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(time) && !Number.isNaN(Date.parse(time));
  return isTime ? undefined : '`expiresAt` must be a time with its zone, such as 2027-01-31T00:00:00Z.';
}

function isCount(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,16}$/.test(value);
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
