import { isOpen } from '../../core/command.ts';
import { failureOf, HeadgateError } from '../../core/errors.ts';
import type { Principal } from '../../core/principal.ts';
import { jsonOf } from '../../lib/json-value.ts';
import { type CommandsApi, shown } from '../commands-routes.ts';
import { deviceQueryOf, pageOf } from '../device-query.ts';
import { type DevicesApi, seenBy } from '../devices-routes.ts';
import { errorFrame } from '../failure-forms.ts';
import { commandFrom } from '../given-command.ts';
import { demandOf, type Identify } from '../guard.ts';
import type { LoadApi } from '../load-hook.ts';
import { type HistoryApi, measurementsBody } from '../measurements/history-routes.ts';
import { UpgradeCallers, watchOrRefuse } from '../upgrade-callers.ts';
import type { UpgradeRoute } from '../upgrades.ts';
import { Heartbeats } from './heartbeats.ts';
import type { LiveApi } from './live-routes.ts';
import { type CommandFrame, LiveSocket, type SocketParts } from './live-socket.ts';

export interface LiveSocketsDependencies extends LiveApi {
  readonly identify: Identify;
  readonly devices: DevicesApi;
  readonly commands: CommandsApi;
  readonly history: HistoryApi;
  readonly load?: Pick<LoadApi, 'take'> | undefined;
}

/** A frame that is longer ends its connection. */
const maxFrameBytes = 1024 * 1024;
/** In one answer, which takes some ten bytes for each: less than what ends a connection while it is not read. */
const maxNumbers = 50_000;
const maxUnsentPongBytes = 64 * 1024;

/** The WebSockets at `/api/v1/live/ws`: live events, publishing, and questions, in JSON frames. */
export class LiveSockets {
  readonly #deps: LiveSocketsDependencies;
  readonly #parts: SocketParts;
  readonly #heartbeats = new Heartbeats();
  readonly #callers: UpgradeCallers;

  constructor(deps: LiveSocketsDependencies) {
    this.#deps = deps;
    this.#callers = new UpgradeCallers(deps.identify);
    this.#parts = {
      feed: deps.feed,
      take: deps.take,
      admit: deps.admit,
      admitAsked: (principal) => deps.load?.take('requests', 1, principal, ''),
      command: (...about) => giveCommand(deps.commands, ...about),
      answer: (query, by) =>
        answerOf(query, by, deps).then(
          (result) => ({ type: 'result', result }),
          (error) => errorFrame(failureOf(error), undefined),
        ),
    };
  }

  readonly route: UpgradeRoute = {
    path: '/api/v1/live/ws',
    protocols: [],
    maxMessageBytes: maxFrameBytes,
    maxUnsentBytes: maxUnsentPongBytes,
    refuse: (request) => this.#callers.refuse(request),
    open: (webSocket, request, socket) => {
      const principal = this.#callers.of(request);
      const one = new LiveSocket(webSocket, socket, principal, this.#parts);
      const forget = watchOrRefuse(this.#deps.watch, principal, webSocket, () => one.cut());
      if (forget === undefined) return;
      this.#heartbeats.add(one);
      webSocket.on('message', (data, isBinary) => one.heard(data, isBinary));
      webSocket.on('pong', () => one.alive());
      webSocket.on('close', () => {
        this.#heartbeats.delete(one);
        forget();
        one.closed();
      });
    },
  };
}

/** @throws {HeadgateError} request.invalid, device.unknown, access.denied; history.unavailable, overload.shed */
async function answerOf(
  query: Parameters<SocketParts['answer']>[0],
  principal: Principal,
  { devices, history }: LiveSocketsDependencies,
): Promise<object> {
  if (query.what === 'device') return deviceOf(query.device, principal, devices);
  if (query.what === 'measurements') {
    const { device } = query.query;
    demandOf(principal, { kind: 'read', ...(typeof device === 'string' && { deviceId: device }) });
    return measured(query.query, history, devices);
  }
  const asked = deviceQueryOf(query.query);
  if (typeof asked === 'string') throw new HeadgateError('request.invalid', asked);
  return pageOf(seenBy(principal, devices.summaries()), asked);
}

function deviceOf(id: string, principal: Principal, devices: DevicesApi): object {
  demandOf(principal, { kind: 'read', deviceId: id });
  const device = devices.describe(id);
  if (device === undefined) throw new HeadgateError('device.unknown', `There is no device \`${id.slice(0, 200)}\`.`);
  return { ...device, fields: device.fields.map((field) => ({ ...field, value: jsonOf(field.value) })) };
}

async function measured(
  parameters: Readonly<Record<string, unknown>>,
  history: HistoryApi,
  devices: DevicesApi,
): Promise<object> {
  const told = await measurementsBody(parameters, history, devices);
  const columns = told.series?.[0]?.values === undefined ? 7 : 2;
  const numbers = (told.series ?? []).reduce((sum, { times }) => sum + times.length * columns, 0);
  if (numbers <= maxNumbers) return told;
  throw new HeadgateError(
    'request.invalid',
    'That is too much for one frame: ask for fewer `points`, or for fewer fields.',
  );
}

/** Rejects with a {@link HeadgateError}: request.invalid, request.conflict, access.denied, buffer.failed. */
async function giveCommand(
  commands: CommandsApi,
  { device, given }: CommandFrame,
  principal: Principal,
  signal: AbortSignal,
  tell: (command: object) => void,
): Promise<void> {
  demandOf(principal, { kind: 'command', deviceId: device });
  const command = commandFrom(device, given, principal);
  if (typeof command === 'string') throw new HeadgateError('request.invalid', command);
  const known = await commands.send(command);
  tell(shown(known));
  if (!isOpen(known.state)) return;
  const over = await commands.over(known.id, signal);
  if (over !== undefined && !signal.aborted) tell(shown(over));
}
