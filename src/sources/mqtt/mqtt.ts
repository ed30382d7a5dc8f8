import type { EventEmitter } from 'node:events';
import { Aedes, type AedesPublishPacket, type Client } from 'aedes';
import type { NativeWords } from '../../core/command.ts';
import { messageOf } from '../../core/errors.ts';
import type { RecentDelivery, Take } from '../../core/message.ts';
import type { Shelf } from '../../core/shelf.ts';
import type { ByteStream } from '../../lib/byte-stream.ts';
import type { Log } from '../../lib/log.ts';
import type { Service } from '../../lib/service.ts';
import { Tally } from '../../lib/tally.ts';
import { Redelivery } from '../redelivery.ts';
import { guardBroker, guardClient } from './aedes-guard.ts';
import { Newcomers, roomIn, Throttle } from './connections.ts';
import { DeviceCarrier } from './device-carrier.ts';
import { type Answered, devicesPrefix, withoutCommands } from './device-commands.ts';
import { DeviceRequests } from './device-requests.ts';
import { authenticate, cutOff, refusePublish } from './doorkeeper.ts';
import { FanOut } from './fan-out.ts';
import { forward } from './forward.ts';
import { Gate, type MqttAccess } from './gate.ts';
import { Intake, NotTaken } from './intake.ts';
import { Link } from './link.ts';
import { Listener } from './listener.ts';
import type { MqttOptions } from './options.ts';
import { PacketInspector } from './packet-fault.ts';
import { reasonOf, refusedReasons, skippedReasons } from './refused.ts';
import { SessionStore } from './sessions.ts';
import type { MqttStatus } from './status.ts';

export interface MqttDependencies {
  readonly options: MqttOptions;
  readonly take: Take;
  /** Where what the broker remembers survives the process. */
  readonly shelf: Shelf;
  /** The delivery keys of the newest messages that were durable when the last run ended, oldest first; asked at start. */
  readonly recentDeliveries: () => readonly RecentDelivery[];
  /** Time that the gateway has run, summed over all its runs, in ms. */
  readonly operatingMs: () => number;
  /** Who hears of devices' answers to commands, and that a device may be there that was not. */
  readonly commands: { readonly answered: Answered; readonly devicesChanged: () => void; readonly native: NativeWords };
  /** Who may connect, and do what. */
  readonly access: MqttAccess;
  readonly log: Log;
}

const maxTopicAliases = 64;
/** How long an MQTT 5 session outlives its connection at the most, in seconds. */
const maxSessionSeconds = 30 * 86_400;
/** How often it is looked for sessions and wills that are due. */
const sweepMs = 10_000;

/** As aedes' own handlers call it; its types know it without a client. */
interface Publisher {
  publish(packet: object, client: Client | null, done: (error?: Error | null) => void): void;
}

/** An MQTT broker whose PUBACK and PUBREC are receipts: they are written when the message is durable, not before. */
export class MqttSource implements Service {
  readonly name = 'mqtt';
  /** The way of commands to devices. */
  readonly devices: DeviceCarrier;
  /** The way of what decoders ask of devices. */
  readonly requests: DeviceRequests;
  readonly #deps: MqttDependencies;
  readonly #refused = new Tally(refusedReasons);
  readonly #skipped = new Tally(skippedReasons);
  readonly #newcomers = new Newcomers();
  readonly #sessions: SessionStore;
  readonly #fanOut: FanOut<AedesPublishPacket>;
  readonly #redelivery: Redelivery;
  readonly #intake: Intake;
  readonly #gate: Gate<Client>;
  readonly #links = new WeakMap<Client, Link>();
  /** Connections that asked to start afresh and are not yet let in. */
  readonly #startsAfresh = new WeakSet<Client>();
  readonly #sockets = new Set<ByteStream>();
  /** Those of them that have said CONNECT and were let in. */
  readonly #clients = new Set<ByteStream>();
  readonly #listener = new Listener();
  #broker: Aedes | undefined;
  #connectionsTotal = 0;
  #timers: readonly NodeJS.Timeout[] = [];

  constructor(deps: MqttDependencies) {
    this.#deps = deps;
    const { options, log } = deps;
    this.#gate = new Gate(deps.access, log);
    this.#redelivery = new Redelivery(options.maxInFlight);
    this.#fanOut = new FanOut({ prefix: devicesPrefix, onListener: deps.commands.devicesChanged });
    this.devices = new DeviceCarrier({
      maxTopicLevels: options.maxTopicLevels,
      broker: () => this.#broker,
      isAddressed: (topic) => this.#fanOut.isAddressed(topic),
      hasListeners: (topic) => this.#fanOut.hasListeners(topic),
      native: deps.commands.native,
    });
    this.requests = new DeviceRequests({
      maxTopicLevels: options.maxTopicLevels,
      broker: () => this.#broker,
      now: deps.operatingMs,
      onSkipped: () => this.#skipped.add('too-many-requests'),
    });
    this.#sessions = new SessionStore({
      limits: options,
      shelf: deps.shelf,
      operatingMs: deps.operatingMs,
      onSkipped: (reason) => this.#skipped.add(reason),
      onUnreadable: (what) => log.warn({ lost: what }, 'Some of what clients are remembered by could not be read.'),
      // A client that ended while aedes empties its queue has no connection any more.
      room: ({ conn }) =>
        conn === undefined ? Promise.resolve() : roomIn(conn as ByteStream, options.maxUnsentPerClient),
      onReleased: (clientId, packetId) => this.#redelivery.forget(clientId, packetId),
    });
    this.#intake = new Intake({
      take: withoutCommands(deps.take, deps.commands.answered),
      inspector: new PacketInspector(options.maxTopicLevels),
      sessions: this.#sessions,
      refused: this.#refused,
      log,
      linkOf: (client) => this.#links.get(client),
      hasListeners: (topic) => this.#fanOut.hasListeners(topic),
      publish: (packet, client, done) => (this.#broker as unknown as Publisher).publish(packet, client, done),
    });
  }

  /** Remembers, and listens. @throws {HeadgateError} port.taken, port.forbidden or address.unavailable */
  async start(): Promise<void> {
    const { options, log } = this.#deps;
    this.#redelivery.restore(this.#deps.recentDeliveries());
    const broker = await Aedes.createBroker({
      persistence: this.#sessions,
      mq: this.#fanOut,
      // What a client may send before its CONNACK is bounded by one socket read, not by a count.
      queueLimit: 10_000,
      maxClientsIdLength: 256,
      connectTimeout: options.connectTimeout,
      drainTimeout: options.drainTimeout,
      maximumPacketSize: options.maxPacketSize,
      receiveMaximum: options.maxInFlight,
      maxTopicLevels: options.maxTopicLevels,
      topicAliasMaximum: maxTopicAliases,
      sessionExpiryIntervalLimit: maxSessionSeconds,
      pendingSessionsLimit: options.maxSessions,
      preConnect: (client, packet, done) => {
        if (packet.clean) this.#startsAfresh.add(client);
        done(null, true);
      },
      authenticate: (client, username, password, done) =>
        authenticate(this.#gate, client, { username, password }, (isAllowed, error) => {
          // A session that starts afresh forgets the packet ids of the one before (MQTT 5.0 § 3.1.2.4).
          if (isAllowed && this.#startsAfresh.has(client)) this.#sessions.forgetIncoming(client.id);
          done(error, isAllowed);
        }),
      authorizePublish: (client, packet, done) => {
        if (client === null || this.#gate.mayPublish(client, packet.topic)) this.#intake.take(client, packet, done);
        else refusePublish(client, packet, done, this.#refused);
      },
      authorizeSubscribe: (client, subscription, done) => this.#authorizeSubscribe(client, subscription, done),
      authorizeForward: (client, packet) =>
        this.#gate.mayReceive(client, packet.topic)
          ? forward(client, packet, options.maxUnsentPerClient, this.#skipped, this.#refused)
          : null,
    });
    broker.on('clientReady', (client: Client) => {
      this.#sessions.connected(client);
      const socket = client.conn as ByteStream;
      this.#newcomers.settle(socket);
      this.#clients.add(socket);
      const left = this.#gate.watch(client, () => cutOff(client, this.#refused));
      socket.once('close', () => {
        left();
        this.#clients.delete(socket);
      });
    });
    broker.on('ping', (_packet, client) => this.#links.get(client)?.heard());
    broker.on('clientDisconnect', (client: Client) => {
      this.#sessions.disconnected(client);
      if (client.clean) this.#sessions.forgetIncoming(client.id);
    });
    // Events that aedes' types do not know yet.
    const untyped = broker as unknown as EventEmitter;
    untyped.on('sessionExpired', (client: Client) => this.#sessions.forgetIncoming(client.id));
    untyped.on('error', (error: Error) => log.error({ err: error }, 'The MQTT broker failed.'));
    broker.on('clientError', (client, error) => this.#noteError(client, error));
    broker.on('connectionError', (client, error) => this.#noteError(client, error));
    guardBroker(broker);
    this.#broker = broker;
    this.#keepTime();
    this.#sweep();
    await this.#listener.start(options.host, options.port, (socket) => this.accept(socket));
  }

  /** Closes every connection; messages without a receipt stay unacknowledged. What is remembered is durable then. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    const closed = this.#listener.close();
    const broker = this.#broker;
    if (broker !== undefined) await new Promise<void>((done) => broker.close(done));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    await this.#intake.idle();
    // aedes strikes off the wills that are taken in now.
    await new Promise((resolve) => setImmediate(resolve));
    await this.#sessions.saved().catch((error) => {
      this.#deps.log.warn({ reason: messageOf(error) }, 'The last changes of MQTT sessions are not on disk.');
    });
  }

  #keepTime(): void {
    const started = performance.now();
    const tick = setInterval(() => {
      this.#redelivery.now = 1 + Math.floor((performance.now() - started) / 1_000);
    }, 1_000);
    const sweep = setInterval(() => this.#sweep(), sweepMs);
    this.#timers = [tick.unref(), sweep.unref()];
  }

  /** Ends sessions that are over, and publishes wills of clients whose connection the last run took along. */
  #sweep(): void {
    this.#sessions.expire().catch((error) => {
      this.#deps.log.error({ err: error }, 'A session that is over could not be ended.');
    });
    for (const { clientId, packet } of this.#sessions.lateWills()) {
      void this.#intake.publishWill(packet).then(() => this.#sessions.settleWill(clientId));
    }
  }

  /** Where it listens: `127.0.0.1:1883`. */
  get address(): string {
    return this.#listener.address;
  }

  status(): MqttStatus {
    return {
      address: this.#listener.address,
      connections: this.#clients.size,
      connectionsTotal: this.#connectionsTotal,
      refused: this.#refused.toObject(),
      skippedDeliveries: this.#skipped.toObject(),
      duplicates: this.#intake.duplicates,
    };
  }

  /** Takes in a connection on which a client will say CONNECT. */
  accept(socket: ByteStream): void {
    const { options } = this.#deps;
    this.#connectionsTotal++;
    if (this.#sockets.size >= options.maxConnections) {
      this.#refused.add('too-many-connections');
      if (!this.#newcomers.evictOldest()) {
        socket.destroy();
        return;
      }
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#newcomers.add(socket);
    const throttle = new Throttle(
      socket,
      {
        maxInFlight: options.maxInFlight,
        maxUnsent: options.maxUnsentPerClient,
        drainTimeoutMs: options.drainTimeout,
      },
      () => this.#refused.add('drain-timeout'),
    );
    const client = this.#broker?.handle(socket);
    if (client === undefined) return;
    guardClient(client);
    const link = new Link(throttle, this.#redelivery);
    this.#links.set(client, link);
    socket.once('close', () => link.closed());
  }

  #authorizeSubscribe<S>(
    client: Client,
    subscription: S,
    done: (error: Error | null, granted?: S | null) => void,
  ): void {
    const held = Object.keys((client as unknown as { subscriptions: object }).subscriptions).length;
    // null refuses this filter in the SUBACK and leaves the connection alone.
    const { topic } = subscription as { readonly topic: string };
    const isAllowed = held < this.#deps.options.maxSubscriptionsPerClient && this.#gate.maySubscribe(client, topic);
    done(null, isAllowed && (client.clean || this.#sessions.hasRoomFor(client.id)) ? subscription : null);
  }

  #noteError(client: Client, error: Error): void {
    if (error instanceof NotTaken) return;
    const reason = reasonOf(error);
    this.#refused.add(reason);
    this.#deps.log.debug(
      { client: client.id ?? undefined, reason, detail: error.message },
      'An MQTT connection was ended.',
    );
  }
}
