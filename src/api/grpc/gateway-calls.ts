import type { EventEmitter } from 'node:events';
import type { sendUnaryData, UntypedServiceImplementation } from '@grpc/grpc-js';
import { HeadgateError } from '../../core/errors.ts';
import type { LiveFeed } from '../../core/live.ts';
import type { Take } from '../../core/message.ts';
import type { Principal } from '../../core/principal.ts';
import type { Log } from '../../lib/log.ts';
import type {
  GetDeviceRequest,
  GetDeviceResponse,
  GetMeasurementsRequest,
  ListDevicesRequest,
  ListDevicesResponse,
} from '../../wire/generated/headgate/v1/gateway.ts';
import type { CommandsApi } from '../commands-routes.ts';
import { deviceQueryOf, pageOf } from '../device-query.ts';
import { type DevicesApi, seenBy } from '../devices-routes.ts';
import { demandOf } from '../guard.ts';
import type { HistoryApi } from '../measurements/history-routes.ts';
import { type Call, type Shown, shownBy } from './caller.ts';
import { type CommandCall, commandCall } from './command-call.ts';
import { deviceMessage, summaryMessage } from './device-message.ts';
import { callFailure } from './failure.ts';
import { whenGone } from './gone.ts';
import { measurementsCall } from './measurements-call.ts';
import { type PublishStream, publishCall } from './publish-call.ts';
import { type SubscribeCall, subscribeCall } from './subscribe-call.ts';

export interface GatewayCallsDependencies {
  /** Who makes a call; a sentence: why what it shows of its caller does not count. */
  readonly identify: (shown: Shown) => Principal | string;
  /** As `LocalPublish` has it. */
  readonly publish: Take;
  /** Counts a message against what somebody may publish. @throws {HeadgateError} rate.limited */
  readonly admit?: ((principal: Principal, bytes: number) => void) | undefined;
  /** Counts a call against what somebody at an address may ask for. @throws {HeadgateError} rate.limited */
  readonly admitCall?: ((principal: Principal, address: string) => void) | undefined;
  readonly devices: Pick<DevicesApi, 'summaries' | 'describe'>;
  readonly history: HistoryApi;
  readonly commands: Pick<CommandsApi, 'send' | 'watch'>;
  /** Calls `end` when somebody is revoked, until what it returns is called. @throws {HeadgateError} connections.limited */
  readonly watch: (principal: Principal, end: () => void) => () => void;
  readonly feed: LiveFeed;
  readonly log: Log;
}

/** The Gateway service: each call is its caller's, and fails in the words of the table of errors. */
export class GatewayCalls {
  readonly #deps: GatewayCallsDependencies;

  constructor(deps: GatewayCallsDependencies) {
    this.#deps = deps;
  }

  get implementation(): UntypedServiceImplementation {
    const { publish, commands, feed, log } = this.#deps;
    return {
      publish: (call: PublishStream) => {
        const principal = this.#streamerOf(call);
        if (principal === undefined) return;
        const demand = (topic: string, bytes: number): void => {
          demandOf(principal, { kind: 'publish', topic });
          this.#deps.admit?.(principal, bytes);
        };
        publishCall(call, { take: publish, demand, log });
      },
      listDevices: this.#unary((request: ListDevicesRequest, caller) => this.#listDevices(request, caller)),
      getDevice: this.#unary((request: GetDeviceRequest, caller) => this.#getDevice(request, caller)),
      getMeasurements: this.#unary((request: GetMeasurementsRequest, caller) => {
        demandOf(caller, { kind: 'read', deviceId: request.deviceId });
        return measurementsCall(request, this.#deps);
      }),
      sendCommand: (call: CommandCall) => {
        const principal = this.#streamerOf(call);
        if (principal === undefined) return;
        commandCall(call, principal, commands).catch((error: unknown) => call.emit('error', callFailure(error, log)));
      },
      subscribe: (call: SubscribeCall) => {
        const principal = this.#streamerOf(call);
        if (principal === undefined) return;
        try {
          subscribeCall(call, principal, feed, log);
        } catch (error) {
          call.emit('error', callFailure(error, log));
        }
      },
    };
  }

  #listDevices(request: ListDevicesRequest, caller: Principal): ListDevicesResponse {
    const { pageSize, pageToken, profile, text, presences } = request;
    const query = deviceQueryOf({
      ...(pageSize !== 0 && { limit: String(pageSize) }),
      ...(pageToken !== '' && { after: pageToken }),
      ...(profile !== '' && { profile }),
      ...(text !== '' && { text }),
      ...(presences.length > 0 && { presence: presences.join(',') }),
    });
    if (typeof query === 'string') throw new HeadgateError('request.invalid', query);
    const { devices, next, total } = pageOf(seenBy(caller, this.#deps.devices.summaries()), query);
    return { devices: devices.map(summaryMessage), nextPageToken: next ?? '', total: BigInt(total) };
  }

  #getDevice({ id }: GetDeviceRequest, caller: Principal): GetDeviceResponse {
    demandOf(caller, { kind: 'read', deviceId: id });
    const device = this.#deps.devices.describe(id);
    if (device === undefined) throw new HeadgateError('device.unknown', `There is no device \`${id.slice(0, 200)}\`.`);
    return { device: deviceMessage(device) };
  }

  #unary<Request, Response>(handle: (request: Request, caller: Principal) => Response | Promise<Response>) {
    return async (call: Call & { readonly request: Request }, answer: sendUnaryData<Response>): Promise<void> => {
      const caller = this.#callerOf(call, (error) => answer(error));
      if (caller === undefined) return;
      let response: Response;
      try {
        response = await handle(call.request, caller);
      } catch (error) {
        answer(callFailure(error, this.#deps.log));
        return;
      }
      answer(null, response);
    };
  }

  /** Who makes a call that stays open: it ends when they are revoked. */
  #streamerOf(call: Call & EventEmitter): Principal | undefined {
    const fail = (error: ReturnType<typeof callFailure>): unknown => call.emit('error', error);
    const principal = this.#callerOf(call, fail);
    // What nobody may do, the call itself finds out.
    if (principal === undefined || principal.kind === 'nobody') return principal;
    const revoked = new HeadgateError('auth.failed', 'What this call was made with was revoked, or is over.');
    try {
      whenGone(
        call,
        this.#deps.watch(principal, () => fail(callFailure(revoked, this.#deps.log))),
      );
    } catch (error) {
      fail(callFailure(error, this.#deps.log));
      return undefined;
    }
    return principal;
  }

  /** Who makes a call. What a call shows that does not count ends it. */
  #callerOf(call: Call, fail: (error: ReturnType<typeof callFailure>) => void): Principal | undefined {
    const { identify, admitCall, log } = this.#deps;
    const shown = shownBy(call);
    try {
      const found = identify(shown);
      if (typeof found === 'string') throw new HeadgateError('auth.failed', found);
      admitCall?.(found, shown.address);
      return found;
    } catch (error) {
      fail(callFailure(error, log));
      return undefined;
    }
  }
}
