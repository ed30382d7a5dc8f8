import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { KnownCommand } from '../commands/local-commands.ts';
import { type Command, commandIdPattern, isOpen } from '../core/command.ts';
import type { UnixMs } from '../core/time.ts';
import { closedSignal } from './closed-signal.ts';
import { commandFrom } from './given-command.ts';
import { needs, needsLong } from './guard.ts';
import { type PageQuery, pageIn, pageQueryOf } from './page.ts';
import { payloadKeys, payloadOf, shownPayload } from './payload.ts';
import { problem, sendProblem } from './problem.ts';

/** Commands, as far as they can be given and asked about. Whatever fails is a {@link HeadgateError}. */
export interface CommandsApi {
  /** Resolves when it is durable. */
  send(command: Command): Promise<KnownCommand>;
  get(id: string): KnownCommand | undefined;
  /** The newest first. */
  ofDevice(deviceId: string): readonly KnownCommand[];
  /** Tells of every change of a command, once it is durable. @returns what ends it */
  watch(listener: (command: KnownCommand) => void): () => void;
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
const maxWaitSeconds = 60;
const keys = ['id', 'name', ...payloadKeys, 'priority', 'expiresAt', 'expiresInSeconds'];

/**
 * `POST /api/v1/devices/{id}/commands` gives a device a command: 202 once that is durable, 200 when it is over; with
 * `Prefer: wait=SECONDS` it is waited for that (RFC 7240). `GET` tells of a device's commands, `…/{commandId}` of one.
 */
export function addCommandsRoutes(app: FastifyInstance, commands: CommandsApi): void {
  const toCommand = needsLong((request) => ({ kind: 'command', deviceId: deviceOf(request) }));
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
    reply.header('location', `/api/v1/devices/${encodeURIComponent(command.deviceId)}/commands/${known.id}`);
    return reply.code(isOpen(known.state) ? 202 : 200).send(shown(known));
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
export function shown({ deviceId, at, result, reason, by, ...rest }: KnownCommand): object {
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
  const key = headers['idempotency-key'];
  const payload = payloadOf(given) ?? new Uint8Array();
  if (typeof payload === 'string') return payload;
  const usualId = typeof key === 'string' ? idFrom(principal.id, key) : undefined;
  return commandFrom((params as ById['Params']).id, { ...given, payload }, principal, usualId);
}

/** So that a request that comes again, also after a crash, is the same command. */
function idFrom(principalId: string, key: string): string {
  return createHash('sha256')
    .update(JSON.stringify([principalId, key]))
    .digest('base64url')
    .slice(0, 32);
}

/** `Prefer: wait=10`, in seconds; 0 when it is not asked for. What can't be read is no preference (RFC 7240 § 2). */
function waitOf(prefer: string | string[] | undefined): number {
  const found = /(?:^|[,;\s])wait=(\d{1,4})\b/.exec(String(prefer ?? ''))?.[1];
  return found === undefined ? 0 : Math.min(Number(found), maxWaitSeconds);
}
