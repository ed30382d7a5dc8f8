import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { mayRead, mayReadSome } from '../auth/allows.ts';
import type { Action, Principal } from '../core/principal.ts';
import { jsonOf } from '../lib/json-value.ts';
import type { DeviceDescription, DeviceSummary } from '../registry/describe.ts';
import type { DeviceChange } from '../registry/registry.ts';
import type { HeardMessage } from '../registry/spotlight.ts';
import { withFields } from './device-fields.ts';
import { deviceQueryOf, pageOf } from './device-query.ts';
import { admin, demandOf, needs, read } from './guard.ts';
import { problem, sendProblem } from './problem.ts';

/** The registry, as far as it can be asked for something. Whatever fails is a {@link HeadgateError}. */
export interface DevicesApi {
  summaries(): readonly DeviceSummary[];
  describe(id: string): DeviceDescription | undefined;
  change(id: string, change: DeviceChange): Promise<DeviceDescription | undefined>;
  forget(id: string): Promise<boolean>;
  /** As they came, the newest first, since somebody asks. */
  messages(id: string): readonly HeardMessage[] | undefined;
}

interface ById {
  readonly Params: { readonly id: string };
}

const path = '/api/v1/devices/:id';
const readOne = ({ params }: FastifyRequest): Action => ({ kind: 'read', deviceId: (params as ById['Params']).id });
const maxName = 200;
const maxEchoed = 200;

/**
 * `GET /api/v1/devices`, page by page, `GET /api/v1/devices/{id}`, and `…/messages`, the newest as they came. For administrators `PATCH` (`name`, `isIgnored`)
 * and `DELETE` of one. An id has to be URL-encoded: it may hold `/`.
 */
export function addDevicesRoutes(app: FastifyInstance, devices: DevicesApi): void {
  app.get('/api/v1/devices', needs('somebody'), (request, reply) => {
    const query = deviceQueryOf(request.query as Readonly<Record<string, unknown>>);
    if (typeof query === 'string') return sendProblem(reply, problem(400, query));
    const page = pageOf(seenBy(request.principal, devices.summaries()), query);
    return reply.send(query.fields === 0 ? page : withFields(page, devices, query.fields));
  });
  app.get<ById>(path, needs(readOne), ({ params }, reply) => sendDevice(reply, params.id, devices.describe(params.id)));
  app.get<ById>(`${path}/messages`, needs(readOne), ({ params }, reply) => {
    const messages = devices.messages(params.id);
    return messages === undefined
      ? sendDevice(reply, params.id, undefined)
      : reply.send({ messages: messages.map(shown) });
  });
  app.patch<ById>(path, needs(admin), async ({ params, body }, reply) => {
    const change = changeOf(body);
    if (typeof change === 'string') return sendProblem(reply, problem(400, change));
    return sendDevice(reply, params.id, await devices.change(params.id, change));
  });
  app.delete<ById>(path, needs(admin), async ({ params }, reply) => {
    if (await devices.forget(params.id)) return reply.code(204).send();
    return sendDevice(reply, params.id, undefined);
  });
}

/** A message as JSON shows it. */
function shown({
  number,
  receivedAtMs,
  source,
  topic,
  mqttQos,
  isRetained,
  payloadBytes,
  payload,
}: HeardMessage): object {
  // A text may be cut within a character.
  const whole = payloadBytes > payload.length ? payload.subarray(0, lastCharacter(payload)) : payload;
  return {
    ...{
      number,
      receivedAt: new Date(receivedAtMs).toISOString(),
      source,
      topic,
      mqttQos: mqttQos ?? null,
      isRetained,
    },
    payloadBytes,
    ...(isUtf8(whole) && { payloadText: Buffer.from(whole).toString() }),
    payloadBase64: Buffer.from(payload).toString('base64'),
  };
}

/** Where the last character of a text in UTF-8 begins: it goes on with 10xxxxxx. */
function lastCharacter(bytes: Uint8Array): number {
  let at = bytes.length - 1;
  while (at > 0 && at > bytes.length - 4 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at--;
  return at;
}

/** Those that a principal may see. @throws {HeadgateError} access.denied, access.unknown when that is none, ever */
export function seenBy(principal: Principal, devices: readonly DeviceSummary[]): readonly DeviceSummary[] {
  const { may } = principal;
  if (!mayReadSome(may)) demandOf(principal, read);
  return may.isAdmin || may.readsAll ? devices : devices.filter(({ id }) => mayRead(may, id));
}

function sendDevice(reply: FastifyReply, id: string, device: DeviceDescription | undefined): FastifyReply {
  if (device === undefined) {
    const text = `There is no device \`${id.slice(0, maxEchoed)}\`; \`GET /api/v1/devices\` tells which there are.`;
    return sendProblem(reply, problem('device.unknown', text));
  }
  const fields = device.fields.map((field) => ({ ...field, value: jsonOf(field.value) }));
  return reply.send({ ...device, fields });
}

/** @returns a sentence when the body is not `{name, isIgnored}` */
function changeOf(body: unknown): DeviceChange | string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'The body must be a JSON object.';
  const { name, isIgnored, ...others } = body as Readonly<Record<string, unknown>>;
  const [stray] = Object.keys(others);
  if (stray !== undefined) return `\`${stray.slice(0, 40)}\` can not be changed: \`name\` and \`isIgnored\` can.`;
  if (name === undefined && isIgnored === undefined) return 'Nothing is to be changed: give `name` or `isIgnored`.';
  if (name !== undefined && name !== null && !isName(name)) {
    return `\`name\` must be a text of 1 to ${maxName} characters in one line, or null for none.`;
  }
  if (isIgnored !== undefined && typeof isIgnored !== 'boolean') return '`isIgnored` must be true or false.';
  return {
    ...(name !== undefined && { name: name === null ? null : name.trim() }),
    ...(isIgnored !== undefined && { isIgnored }),
  };
}

function isName(name: unknown): name is string {
  return typeof name === 'string' && name.length <= maxName && name.trim() !== '' && !/\p{Cc}/u.test(name);
}
