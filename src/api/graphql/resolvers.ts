import { HeadgateError } from '../../core/errors.ts';
import type { LiveFeed } from '../../core/live.ts';
import type { Principal } from '../../core/principal.ts';
import type { GatewayStatus } from '../../instrumentation/status.ts';
import { jsonOf } from '../../lib/json-value.ts';
import type { DeviceDescription, DeviceSummary } from '../../registry/describe.ts';
import { alarmPageOf, alarmQueryOf } from '../alarm-query.ts';
import { type AlarmsApi, alarmsSeenBy } from '../alarms-routes.ts';
import { type CommandsApi, shown } from '../commands-routes.ts';
import { deviceQueryOf, pageOf } from '../device-query.ts';
import { type DevicesApi, seenBy } from '../devices-routes.ts';
import { commandFrom } from '../given-command.ts';
import { demandOf, read } from '../guard.ts';
import { filterOf, scopeOf } from '../live/filter-of.ts';
import type { LiveApi } from '../live/live-routes.ts';
import { type HistoryApi, measurementsBody } from '../measurements/history-routes.ts';
import type { PublishApi } from '../measurements/routes.ts';
import { type EventSource, eventsOf } from './event-source.ts';

export interface GraphqlParts {
  readonly status: () => GatewayStatus;
  readonly devices: Pick<DevicesApi, 'summaries' | 'describe'>;
  readonly alarms: Pick<AlarmsApi, 'all'>;
  readonly history: HistoryApi;
  readonly publish: Pick<PublishApi, 'deliver' | 'admit'>;
  readonly commands: Pick<CommandsApi, 'send' | 'over'>;
  readonly live: Pick<LiveApi, 'feed' | 'watch'>;
}

/** What resolvers know of the operation that they work for. */
export interface Operation {
  readonly principal: Principal;
  /** As in `Message`: of the request that it came in. */
  readonly traceId?: string | undefined;
  /** Fields, attributes and topics of devices that it was told so far: how many a device has is not known before. */
  told: number;
}

/** What one operation is told of them: to make more takes others' time. */
const maxTold = 50_000;

/** @throws {HeadgateError} request.invalid */
function counted<T>(list: readonly T[], operation: Operation): readonly T[] {
  operation.told += list.length;
  if (operation.told <= maxTold) return list;
  const detail = `That is more than ${maxTold} fields, attributes and topics of devices: ask for fewer devices at a time.`;
  throw new HeadgateError('request.invalid', detail);
}

interface EventsArguments {
  readonly devices?: readonly string[] | null;
  readonly topics?: readonly string[] | null;
  readonly kinds?: readonly string[] | null;
  readonly fields?: readonly string[] | null;
  readonly after?: string | null;
}

/** The source of the one subscription that there is. @throws {HeadgateError} request.invalid, access.denied, overload.shed */
export function subscribeTo(
  feed: LiveFeed,
  { after, ...wanted }: EventsArguments,
  { principal }: Operation,
): EventSource {
  const given = Object.entries(wanted).filter(([, texts]) => (texts?.length ?? 0) > 0);
  return eventsOf(feed, filterOf(Object.fromEntries(given)), scopeOf(principal), after ?? undefined);
}

/** Of a type's field: what it is worth. */
export type Resolver = (source: never, args: never, operation: Operation) => unknown;

interface DevicesArguments {
  readonly first: number;
  readonly after?: string | null;
  readonly presence?: readonly string[] | null;
  readonly profile?: string | null;
  readonly text?: string | null;
  readonly ignored: boolean;
}

interface AlarmsArguments {
  readonly state: string;
  readonly severity?: readonly string[] | null;
  readonly device?: string | null;
  readonly first: number;
  readonly after?: string | null;
}

interface MeasurementsArguments {
  readonly device: string;
  readonly fields?: readonly string[] | null;
  readonly points: number;
  readonly from?: string | null;
  readonly to?: string | null;
  readonly bucket?: string | null;
}

/** By type and field; what is not here is the source's own property of that name. */
export function resolversOf({
  status,
  devices,
  alarms,
  history,
  publish,
  commands,
}: GraphqlParts): Readonly<Record<string, Record<string, Resolver>>> {
  /** A device of a list knows little; the rest is looked up when it is asked for. */
  const whole = (device: DeviceSummary): DeviceDescription | undefined =>
    'fields' in device ? (device as DeviceDescription) : devices.describe(device.id);
  return {
    Query: {
      gateway: (_source: never, _args: never, { principal }) => {
        demandOf(principal, read);
        return gatewayOf(status());
      },
      devices: (_source: never, args: DevicesArguments, { principal }) => {
        const query = deviceQueryOf(parametersOf(args));
        if (typeof query === 'string') throw new HeadgateError('request.invalid', query);
        return pageOf(seenBy(principal, devices.summaries()), query);
      },
      device: (_source: never, { id }: { readonly id: string }, { principal }) => {
        demandOf(principal, { kind: 'read', deviceId: id });
        return devices.describe(id) ?? null;
      },
      alarms: (_source: never, args: AlarmsArguments, { principal }) => {
        const { first, severity, ...rest } = args;
        const given = Object.entries(rest).filter(([, value]) => value !== null);
        const severities = severity && severity.length > 0 && { severity: severity.join(',') };
        const query = alarmQueryOf({ limit: String(first), ...Object.fromEntries(given), ...severities });
        if (typeof query === 'string') throw new HeadgateError('request.invalid', query);
        return alarmPageOf(alarmsSeenBy(principal, alarms.all()), query);
      },
      measurements: (_source: never, args: MeasurementsArguments, { principal }) => {
        demandOf(principal, { kind: 'read', deviceId: args.device });
        const { device, fields, points, ...window } = args;
        const given = Object.entries(window).filter(([, value]) => value !== null);
        const parameters = { device, field: [...(fields ?? [])], points: String(points), ...Object.fromEntries(given) };
        return measurementsBody(parameters, history, devices);
      },
    },
    Mutation: {
      publish: async (_source: never, args: PublishArguments, { principal, traceId }) => {
        const { topic } = args;
        demandOf(principal, { kind: 'publish', topic });
        const payload = payloadOf(args);
        publish.admit?.(principal, payload.length);
        const { sequence = null } = await publish.deliver({ source: 'graphql', topic, payload, traceId });
        return { sequence };
      },
      sendCommand: async (_source: never, args: CommandArguments, { principal }) => {
        const { device, waitSeconds, ...given } = args;
        demandOf(principal, { kind: 'command', deviceId: device });
        const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
        const command = commandFrom(device, { ...said, payload: payloadOf(args, true) }, principal);
        if (typeof command === 'string') throw new HeadgateError('request.invalid', command);
        if (!(waitSeconds >= 0 && waitSeconds <= 60))
          throw new HeadgateError('request.invalid', '`waitSeconds` must be from 0 to 60.');
        const sent = await commands.send(command);
        if (waitSeconds === 0) return shown(sent);
        return shown((await commands.over(command.id, AbortSignal.timeout(waitSeconds * 1_000))) ?? sent);
      },
    },
    Device: {
      firstSeen: ({ firstSeen }: DeviceSummary) => firstSeen.at,
      lastSeen: ({ lastSeen }: DeviceSummary) => lastSeen?.at ?? null,
      fields: (device: DeviceSummary, { names }: { readonly names?: readonly string[] | null }, operation) =>
        counted(whole(device)?.fields ?? [], operation)
          .filter(({ name }) => names?.includes(name) ?? true)
          .map((field) => ({ ...field, value: jsonOf(field.value) })),
      attributes: (device: DeviceSummary, _args: never, operation) =>
        counted(Object.entries(whole(device)?.attributes ?? {}), operation).map(([name, value]) => ({ name, value })),
      topics: (device: DeviceSummary, _args: never, operation) => counted(whole(device)?.topics ?? [], operation),
    },
  };
}

interface PayloadArguments {
  readonly payload?: string | null;
  readonly payloadBase64?: string | null;
}

interface PublishArguments extends PayloadArguments {
  readonly topic: string;
}

interface CommandArguments extends PayloadArguments {
  readonly device: string;
  readonly waitSeconds: number;
}

function payloadOf({ payload, payloadBase64 }: PayloadArguments, mayLack = false): Uint8Array {
  if (typeof payload !== 'string' && typeof payloadBase64 !== 'string') {
    if (mayLack) return new Uint8Array();
    throw new HeadgateError('request.invalid', '`payload` or `payloadBase64` is needed.');
  }
  if (typeof payload === 'string' && typeof payloadBase64 === 'string')
    throw new HeadgateError('request.invalid', 'Only one of `payload` and `payloadBase64` can be given.');
  if (typeof payload === 'string') return Buffer.from(payload);
  const bytes = Buffer.from(payloadBase64!, 'base64');
  if (bytes.toString('base64').replace(/=+$/, '') !== payloadBase64!.replace(/=+$/, ''))
    throw new HeadgateError('request.invalid', '`payloadBase64` is no base64.');
  return bytes;
}

function parametersOf({ first, after, presence, profile, text, ignored }: DevicesArguments) {
  return {
    limit: String(first),
    ignored: String(ignored),
    ...(typeof after === 'string' && { after }),
    ...(presence && presence.length > 0 && { presence: presence.join(',') }),
    ...(typeof profile === 'string' && { profile }),
    ...(typeof text === 'string' && { text }),
  };
}

function gatewayOf({ gateway, health, buffer, uplink, flow }: GatewayStatus) {
  return {
    id: gateway.id,
    epoch: gateway.epoch,
    version: gateway.version,
    startedAt: gateway.startedAt,
    health: health.state,
    summary: health.summary,
    waitingRecords: buffer.waitingRecords,
    uplink: uplink.state,
    receivedPerSecond: flow.receivedPerSecond,
  };
}
