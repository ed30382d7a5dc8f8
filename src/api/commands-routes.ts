import { createHash, randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { KnownCommand } from '../commands/local-commands.ts';
import { type Command, commandIdPattern } from '../core/command.ts';
import type { Priority } from '../core/priority.ts';
import type { UnixMs } from '../core/time.ts';
import { closedSignal } from './closed-signal.ts';
import { needs } from './guard.ts';
import { type PageQuery, pageIn, pageQueryOf } from './page.ts';
import { payloadKeys, payloadOf, shownPayload } from './payload.ts';
import { problem, sendProblem } from './problem.ts';
import { timeOf } from './window.ts';

/** Commands, as far as they can be given and asked about. Whatever fails is a {@link HeadgateError}. */
export interface CommandsApi {
  /** Resolves when it is durable. */
  send(command: Command): Promise<KnownCommand>;
  get(id: string): KnownCommand | undefined;
  /** The newest first. */
  ofDevice(deviceId: string): readonly KnownCommand[];
  /** Resolves when it is over, or the signal ends the waiting. */
  over(id: string, signal: AbortSignal): Promise<KnownCommand | undefined>;
}

interface ById {
  readonly Params: { readonly id: string };
}

interface ByCommand {
  readonly Params: { readonly id: string; readonly commandId: string };
}

const path = '/api/v1/devices/:id/commands';
const maxPayload = 64 * 1024;
const maxName = 200;
const priorities: readonly Priority[] = ['critical', 'normal', 'bulk'];
const maxWaitSeconds = 60;
const keys = ['id', 'name', ...payloadKeys, 'priority', 'expiresAt', 'expiresInSeconds'];

/**
 * `POST /api/v1/devices/{id}/commands` gives a device a command: 202 once that is durable, 200 when it is over; with
 * `Prefer: wait=SECONDS` it is waited for that (RFC 7240). `GET` tells of a device's commands, `…/{commandId}` of one.
 */
export function addCommandsRoutes(app: FastifyInstance, commands: CommandsApi): void {
  const toCommand = needs((request) => ({ kind: 'command', deviceId: deviceOf(request) }));
  const toRead = needs((request) => ({ kind: 'read', deviceId: deviceOf(request) }));
  app.post<ById>(path, toCommand, async (request, reply) => {
    const command = commandOf(request);
    if (typeof command === 'string') return sendProblem(reply, problem('request.invalid', command));
    const waitSeconds = waitOf(request.headers.prefer);
    let known: KnownCommand | undefined = await commands.send(command);
    if (waitSeconds > 0) {
      const signal = AbortSignal.any([AbortSignal.timeout(waitSeconds * 1_000), closedSignal(reply)]);
      known = (await commands.over(command.id, signal)) ?? known;
      reply.header('preference-applied', `wait=${waitSeconds}`);
    }
    const isOpen = known.state === 'queued' || known.state === 'sent';
    reply.header('location', `/api/v1/devices/${encodeURIComponent(command.deviceId)}/commands/${known.id}`);
    return reply.code(isOpen ? 202 : 200).send(shown(known));
  });
  app.get<ById>(path, toRead, (request, reply) => {
    const query = pageQueryOf(request.query as Readonly<Record<string, unknown>>, (id) => commandIdPattern.test(id));
    if (typeof query === 'string') return sendProblem(reply, problem('request.invalid', query));
    return sendPage(reply, commands.ofDevice(request.params.id), query);
  });
  app.get<ByCommand>(`${path}/:commandId`, toRead, (request, reply) => {
    const { id, commandId } = request.params;
    const known = commands.get(commandId);
    if (known?.deviceId === id) return reply.send(shown(known));
    const detail = 'The device has no command of this id; they are forgotten some time after they are over.';
    return sendProblem(reply, problem('command.unknown', detail));
  });
}

function deviceOf({ params }: FastifyRequest): string {
  return (params as ById['Params']).id;
}

function sendPage(reply: FastifyReply, all: readonly KnownCommand[], query: PageQuery): FastifyReply {
  const { page, next } = pageIn(all, query, ({ id }) => id);
  return reply.send({ commands: page.map(shown), next, total: all.length });
}

/** A command as it is told: times as texts, the result as JSON where it is that. */
function shown({ deviceId, at, result, reason, by, ...rest }: KnownCommand): object {
  return {
    ...rest,
    device: deviceId,
    by: by ?? null,
    reason: reason ?? null,
    result: result === undefined ? null : shownPayload(result),
    at: at === undefined ? null : timeText(at),
  };
}

const timeText = (ms: UnixMs): string => new Date(ms).toISOString();

/** The command that a request gives; a sentence when it gives none. */
function commandOf({ params, body, headers, principal }: FastifyRequest): Command | string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'The body must be a JSON object.';
  const given = body as Readonly<Record<string, unknown>>;
  const stray = Object.keys(given).find((key) => !keys.includes(key));
  if (stray !== undefined) return `There is no \`${stray.slice(0, 40)}\`; there are ${keys.join(', ')}.`;
  const { id, name = '', priority = 'normal', expiresAt, expiresInSeconds } = given;
  const key = headers['idempotency-key'];
  const usualId = typeof key === 'string' ? idFrom(principal.id, key) : randomUUID();
  if (id !== undefined && (typeof id !== 'string' || !commandIdPattern.test(id))) {
    return '`id` must have 1 to 64 letters, digits, - and _.';
  }
  if (typeof name !== 'string' || name.length > maxName || /\p{Cc}/u.test(name)) {
    return `\`name\` must be a text of up to ${maxName} characters in one line.`;
  }
  const payload = payloadOf(given) ?? new Uint8Array();
  if (typeof payload === 'string') return payload;
  if (payload.length > maxPayload) return `The payload must have up to ${maxPayload} bytes.`;
  if (!isPriority(priority)) return `\`priority\` must be ${priorities.join(', ')}.`;
  const isSpan = typeof expiresInSeconds === 'number' && expiresInSeconds > 0 && expiresInSeconds <= 31_536_000;
  if (expiresInSeconds !== undefined && !isSpan) return '`expiresInSeconds` must be a number above 0, up to a year.';
  const atMs = expiresAt === undefined ? undefined : timeOf(expiresAt);
  if (expiresAt !== undefined && atMs === undefined) return '`expiresAt` must be a time with its zone.';
  return {
    id: (id as string | undefined) ?? usualId,
    deviceId: (params as ById['Params']).id,
    name,
    payload,
    priority,
    ...(atMs !== undefined && { expiresAt: atMs }),
    ...(isSpan && { expiresInMs: Math.round(expiresInSeconds * 1_000) }),
    by: principal.name,
  };
}

/** So that a request that comes again, also after a crash, is the same command. */
function idFrom(principalId: string, key: string): string {
  return createHash('sha256')
    .update(JSON.stringify([principalId, key]))
    .digest('base64url')
    .slice(0, 32);
}

function isPriority(value: unknown): value is Priority {
  return priorities.some((one) => one === value);
}

/** `Prefer: wait=10`, in seconds; 0 when it is not asked for. What can't be read is no preference (RFC 7240 § 2). */
function waitOf(prefer: string | string[] | undefined): number {
  const found = /(?:^|[,;\s])wait=(\d{1,4})\b/.exec(String(prefer ?? ''))?.[1];
  return found === undefined ? 0 : Math.min(Number(found), maxWaitSeconds);
}
