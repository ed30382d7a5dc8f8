import type { MqttClient } from 'mqtt';
import { messageOf } from '../../core/errors.ts';
import type { RecentDelivery, Take } from '../../core/message.ts';
import type { Shelf } from '../../core/shelf.ts';
import { nextBackoff } from '../../lib/backoff.ts';
import type { Log } from '../../lib/log.ts';
import type { Service } from '../../lib/service.ts';
import { topicMatches } from '../../lib/topic-filter.ts';
import { dial, socketOf } from './dial.ts';
import { Inbox } from './inbox.ts';
import { guard } from './mqtt-guard.ts';
import { OpenDeliveries } from './open-deliveries.ts';
import type { BridgeOptions } from './options.ts';
import { Outbox, type Publication } from './outbox.ts';
import { disconnectReason, type Ending, endingOf } from './refusals.ts';
import { RetainedBook } from './retained-book.ts';
import type { BridgeState, BridgeStatus } from './status.ts';
import { type RefusedTopic, Subscriptions } from './subscriptions.ts';

/** What every bridge needs of the gateway. */
export interface BridgeDependencies {
  readonly take: Take;
  readonly shelf: Shelf;
  /** The delivery keys of the newest messages that were durable when the last run ended, oldest first; asked at start. */
  readonly recentDeliveries: () => readonly RecentDelivery[];
  /** The gateway's id; asked at start. */
  readonly gateway: () => string;
  /** Where this gateway's own broker listens, for MQTT and for WebSockets, as `host:port`. */
  readonly ownBroker: () => readonly string[];
  /** A device may be there that was not. */
  readonly devicesChanged: () => void;
  readonly log: Log;
}

/** A connection that lasted so long is a good one: the broker has read what was acknowledged, and the next wait is the shortest. */
const steadyMs = 30_000;

/**
 * One broker that is there already, as a source. Its acknowledgements are receipts: PUBACK and PUBREC go out when the message is
 * durable here, so whatever dies, the broker still has what this gateway does not.
 */
export class Bridge implements Service {
  readonly name: string;
  readonly #options: BridgeOptions;
  readonly #deps: BridgeDependencies;
  readonly #inbox: Inbox;
  readonly #retained: RetainedBook;
  readonly #subscriptions: Subscriptions;
  readonly #open: OpenDeliveries;
  #state: BridgeState = { name: 'connecting' };
  #refusedTopics: readonly RefusedTopic[] = [];
  #client: MqttClient | undefined;
  #outbox: Outbox | undefined;
  #ended: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #steady: NodeJS.Timeout | undefined;
  /** Why this gateway itself ends the connection. */
  #reasonToGo: Ending | undefined;
  #lastReason = '';
  #isStopping = false;
  #waitMs = 0;
  #connections = 0;

  constructor(options: BridgeOptions, deps: BridgeDependencies) {
    this.name = `bridge ${options.name}`;
    this.#options = options;
    this.#deps = deps;
    this.#retained = new RetainedBook(deps.shelf, options.name);
    this.#subscriptions = new Subscriptions(options, deps.shelf);
    this.#inbox = new Inbox({
      name: options.name,
      prefix: options.prefix ?? '',
      maxInFlight: options.maxInFlight,
      maxPacketSize: options.maxPacketSize,
      take: deps.take,
      retained: this.#retained,
      now: () => performance.now(),
      onTopic: deps.devicesChanged,
      onNotTaken: (error) => this.#giveUp(`a message could not be taken in: ${messageOf(error)}`),
    });
    this.#open = new OpenDeliveries(deps.shelf, options.name, this.#inbox.client);
  }

  /** Remembers, and begins to connect. It does not wait for the broker. @throws {HeadgateError} buffer.failed */
  async start(): Promise<void> {
    this.#inbox.restore(await this.#open.carryOver(this.#deps.recentDeliveries()));
    await this.#retained.load();
    await this.#subscriptions.load();
    this.#connect();
  }

  /** Messages without a receipt stay unacknowledged: the broker keeps them. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#steady);
    // What it is told to do now, MQTT.js may only do once it is connected.
    if (this.#client?.connected === false) this.#client.stream.destroy();
    else this.#client?.end();
    // A broker that does not answer any more is not waited for.
    deadline.addEventListener('abort', () => this.#client?.stream.destroy(), { once: true });
    await this.#ended;
  }

  /** Whether something was heard there, on a topic as it is called here, while this process runs. */
  hasHeard(topic: string): boolean {
    return this.#inbox.hasHeard(topic);
  }

  get isConnected(): boolean {
    return this.#state.name === 'subscribed';
  }

  /**
   * Publishes to the broker, on a topic as it is called here. Resolves with QoS 1 when the broker has it.
   *
   * @returns false when it was certainly not given to the broker
   * @throws an Error when nobody knows whether the broker has it
   */
  async publish({ topic, ...rest }: Publication): Promise<boolean> {
    const { prefix = '' } = this.#options;
    if (this.#outbox === undefined || !this.isConnected || !topic.startsWith(prefix)) return false;
    return await this.#outbox.publish({ topic: topic.slice(prefix.length), ...rest });
  }

  status(): BridgeStatus {
    const { name, url } = this.#options;
    const state = this.#state;
    const waits = state.name === 'waiting' || state.name === 'refused' ? state : undefined;
    return {
      name,
      url,
      state: state.name,
      reason: waits?.reason ?? null,
      retryAt: waits === undefined ? null : new Date(waits.retryAt).toISOString(),
      refusedTopics: this.#refusedTopics,
      connections: this.#connections,
      inFlight: this.#inbox.inFlight,
      ...this.#inbox.counts,
    };
  }

  #connect(): void {
    this.#state = { name: 'connecting' };
    const { name } = this.#options;
    const clientId = this.#options.clientId ?? `headgate-${this.#deps.gateway()}-${name}`;
    let client: MqttClient;
    try {
      client = dial(this.#options, clientId);
    } catch (error) {
      this.#retry({ isRefusal: true, reason: messageOf(error) }, 0);
      return;
    }
    this.#client = client;
    this.#outbox = new Outbox(client, ({ topic, payload }) => {
      const { protocol, topics } = this.#options;
      // An MQTT 5 broker does not send it back.
      if (protocol !== 5 && topics.some(({ filter }) => topicMatches(filter, topic)))
        this.#inbox.published(topic, payload);
    });
    let cause: Ending | undefined;
    let connectedAt = 0;
    client.on('error', (error) => {
      cause ??= endingOf(error);
    });
    client.on('disconnect', ({ reasonCode }) => {
      cause ??= { isRefusal: reasonCode === 142, reason: disconnectReason(reasonCode) };
    });
    client.on('packetreceive', (packet) => {
      // Before its messages, which may come right behind it.
      if (packet.cmd !== 'connack' || (packet.reasonCode ?? packet.returnCode ?? 0) !== 0) return;
      connectedAt = performance.now();
      this.#connections++;
      this.#inbox.connected();
    });
    guard(client, {
      onPublish: (packet, acknowledge) => this.#inbox.take(packet, acknowledge),
      onReleased: (packetId) => this.#inbox.released(packetId),
      whenRoom: (go) => this.#inbox.whenRoom(go),
    });
    client.on('connect', ({ sessionPresent }) => {
      if (this.#isOwnBroker(client)) {
        cause ??= { isRefusal: true, reason: 'that is this gateway’s own broker: name another one in `url`' };
        client.end(true);
        return;
      }
      this.#state = { name: 'connected' };
      this.#subscriptions.agree(client, clientId, sessionPresent === true).then(
        (refused) => this.#subscribed(client, refused),
        (error) => {
          cause ??= { isRefusal: false, reason: messageOf(error) };
          client.end(true);
        },
      );
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = promise;
    const over = (): void => {
      if (this.#client !== client) return;
      this.#client = undefined;
      this.#outbox = undefined;
      if (connectedAt > 0) this.#inbox.disconnected();
      clearTimeout(this.#steady);
      resolve();
      const reason = this.#reasonToGo;
      this.#reasonToGo = undefined;
      const lastedMs = connectedAt === 0 ? 0 : performance.now() - connectedAt;
      this.#retry(reason ?? cause ?? endingOf(undefined), lastedMs);
    };
    client.once('close', () => {
      over();
      // What it would still do by itself.
      client.end(true);
    });
    try {
      client.connect();
      // Of some errors MQTT.js does not tell: a WebSocket's.
      client.stream.on('error', (error) => {
        cause ??= endingOf(error);
      });
    } catch (error) {
      // A certificate or key that is none: there is no stream that could end.
      cause = { isRefusal: true, reason: messageOf(error) };
      over();
    }
  }

  /** Ends the connection, so that the broker sends again what it has no acknowledgement for. */
  #giveUp(reason: string): void {
    if (this.#reasonToGo !== undefined || this.#client === undefined) return;
    this.#reasonToGo = { isRefusal: false, reason };
    this.#client.stream.destroy();
  }

  #subscribed(client: MqttClient, refused: readonly RefusedTopic[]): void {
    if (client !== this.#client || this.#isStopping) return;
    this.#state = { name: 'subscribed' };
    this.#refusedTopics = refused;
    this.#steady = setTimeout(() => this.#open.forget(), steadyMs).unref();
    const { name: bridge, url } = this.#options;
    this.#deps.log.info({ bridge, url }, 'The bridge hears its broker.');
    for (const { filter, reason } of refused)
      this.#deps.log.warn({ bridge, filter, reason }, 'The broker does not let the bridge hear a topic.');
    this.#deps.devicesChanged();
  }

  #retry({ isRefusal, reason }: Ending, lastedMs: number): void {
    if (this.#isStopping) return;
    const { name: bridge, retryMin: minMs, retryMax: maxMs } = this.#options;
    this.#waitMs = nextBackoff({ minMs, maxMs }, lastedMs >= steadyMs ? 0 : this.#waitMs, Math.random());
    const before = this.#state;
    this.#state = { name: isRefusal ? 'refused' : 'waiting', reason, retryAt: Date.now() + this.#waitMs };
    if (before.name !== 'connecting' || this.#lastReason !== reason)
      this.#deps.log.warn({ bridge, reason }, 'The bridge has no connection to its broker; it tries again.');
    this.#lastReason = reason;
    this.#timer = setTimeout(() => this.#connect(), this.#waitMs);
  }

  /** Whether the other end is this gateway itself: then every message would be taken in twice. */
  #isOwnBroker(client: MqttClient): boolean {
    const { remoteAddress, localAddress, remotePort } = socketOf(client);
    if (remoteAddress === undefined || remoteAddress !== localAddress) return false;
    return this.#deps.ownBroker().some((address) => address.endsWith(`:${remotePort}`));
  }
}
