import type { EventEmitter } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes, type AedesPublishPacket, type Client, type PublishPacket } from 'aedes';
import { messageOf } from '../../core/errors.ts';
import type { Deliver, Message } from '../../core/message.ts';
import { listenError } from '../../lib/listen-error.ts';
import type { Log } from '../../lib/log.ts';
import { isLoopback } from '../../lib/loopback.ts';
import type { Service } from '../../lib/service.ts';
import { Tally } from '../../lib/tally.ts';
import { guardBroker, guardClient, markAnswered } from './aedes-guard.ts';
import { deliveryTo, Newcomers, roomIn, Throttle } from './connections.ts';
import { FanOut } from './fan-out.ts';
import type { MqttOptions } from './options.ts';
import { PacketInspector } from './packet-fault.ts';
import { reasonOf, refusedReasons, skippedReasons } from './refused.ts';
import { SessionStore } from './sessions.ts';
import type { MqttStatus } from './status.ts';

export interface MqttDependencies {
  readonly options: MqttOptions;
  readonly deliver: Deliver;
  readonly log: Log;
}

/** MQTT 5.0 § 2.4: DISCONNECT reason codes that we send. */
const reasonCode = { serverBusy: 0x89 };
const maxTopicAliases = 64;
/** How long an MQTT 5 session outlives its connection at the most, in seconds. */
const maxSessionSeconds = 30 * 86_400;

/** An MQTT broker whose PUBACK and PUBREC are receipts: they are written when the message is durable, not before. */
export class MqttSource implements Service {
  readonly name = 'mqtt';
  readonly #deps: MqttDependencies;
  readonly #refused = new Tally(refusedReasons);
  readonly #skipped = new Tally(skippedReasons);
  readonly #newcomers = new Newcomers();
  readonly #sessions: SessionStore;
  readonly #fanOut = new FanOut<AedesPublishPacket>();
  readonly #inspector: PacketInspector;
  readonly #throttles = new WeakMap<Client, Throttle>();
  /** Connections that asked to start afresh and are not yet let in. */
  readonly #startsAfresh = new WeakSet<Client>();
  readonly #sockets = new Set<Socket>();
  /** Those of them that have said CONNECT and were let in. */
  readonly #clients = new Set<Socket>();
  #broker: Aedes | undefined;
  #server: Server | undefined;
  #address = '';
  #connectionsTotal = 0;
  #duplicates = 0;

  constructor(deps: MqttDependencies) {
    this.#deps = deps;
    this.#inspector = new PacketInspector(deps.options.maxTopicLevels);
    this.#sessions = new SessionStore(
      deps.options,
      (reason) => this.#skipped.add(reason),
      // A client that ended while aedes empties its queue has no connection any more.
      ({ conn }) => (conn === undefined ? Promise.resolve() : roomIn(conn as Socket, deps.options.maxUnsentPerClient)),
    );
  }

  /** Listens. @throws {HeadgateError} port.taken, port.forbidden or address.unavailable */
  async start(): Promise<void> {
    const { options, log } = this.#deps;
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
      authenticate: (client, _username, _password, done) => this.#authenticate(client, done),
      authorizePublish: (client, packet, done) => this.#take(client, packet, done),
      authorizeSubscribe: (client, subscription, done) => this.#authorizeSubscribe(client, subscription, done),
      authorizeForward: (client, packet) => this.#forward(client, packet),
    });
    broker.on('clientReady', (client: Client) => {
      const socket = client.conn as Socket;
      this.#newcomers.settle(socket);
      this.#clients.add(socket);
      socket.once('close', () => this.#clients.delete(socket));
    });
    broker.on('clientDisconnect', (client: Client) => {
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
    this.#server = await this.#listen();
  }

  /** Closes every connection; messages without a receipt stay unacknowledged. */
  async stop(): Promise<void> {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    if (this.#server?.listening) this.#server.close(() => resolve());
    else resolve();
    const broker = this.#broker;
    if (broker !== undefined) await new Promise<void>((done) => broker.close(done));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Where it listens: `127.0.0.1:1883`. */
  get address(): string {
    return this.#address;
  }

  status(): MqttStatus {
    return {
      address: this.#address,
      connections: this.#clients.size,
      connectionsTotal: this.#connectionsTotal,
      refused: this.#refused.toObject(),
      skippedDeliveries: this.#skipped.toObject(),
      duplicates: this.#duplicates,
    };
  }

  async #listen(): Promise<Server> {
    const { host, port } = this.#deps.options;
    const server = createServer({ noDelay: true, keepAlive: true }, (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenError(error, 'MQTT', `${host}:${port}`)));
      server.listen({ host, port, backlog: 1024 }, resolve);
    });
    const address = server.address();
    if (address !== null && typeof address === 'object') {
      this.#address =
        address.family === 'IPv6' ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`;
    }
    return server;
  }

  #accept(socket: Socket): void {
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
    this.#throttles.set(client, throttle);
  }

  #authenticate(client: Client, done: (error: null, isAllowed: boolean) => void): void {
    const isAllowed = isLoopback((client.conn as Socket).localAddress);
    if (!isAllowed) this.#refused.add('anonymous');
    // A session that starts afresh forgets the packet ids of the one before (MQTT 5.0 § 3.1.2.4).
    if (isAllowed && this.#startsAfresh.has(client)) this.#sessions.forgetIncoming(client.id);
    done(null, isAllowed);
  }

  /** Runs before aedes acknowledges or stores anything: `done` is what lets the PUBACK or PUBREC go out. */
  #take(client: Client | null, packet: PublishPacket, done: (error?: Error | null) => void): void {
    const fault = this.#inspector.faultOf(packet);
    if (fault !== undefined) {
      this.#refuseFaulty(client, packet, fault, done);
      return;
    }
    const message: Message = {
      source: 'mqtt',
      topic: packet.topic,
      payload: typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload,
      mqttQos: packet.qos,
    };
    const throttle = client === null ? undefined : this.#throttles.get(client);
    throttle?.began();
    this.#deliver(client, packet, message).then(
      () => {
        throttle?.ended();
        if (throttle !== undefined && !this.#isForOthers(packet)) answer(throttle, packet);
        done(null);
      },
      (error) => this.#refuse(client, packet, error, done),
    );
  }

  /** Somebody here listens, or will want it later: the broker has more to do than to acknowledge. */
  #isForOthers({ topic, qos, retain }: PublishPacket): boolean {
    return retain || qos === 2 || this.#fanOut.hasListeners(topic) || this.#sessions.wants(topic);
  }

  #deliver(client: Client | null, packet: PublishPacket, message: Message): Promise<unknown> {
    // A will has no packet id: it comes from us, once.
    if (packet.qos !== 2 || client === null || packet.messageId === undefined) return this.#deps.deliver(message);
    const { isNew, taken } = this.#sessions.takeOnce(client.id, packet.messageId, () => this.#deps.deliver(message));
    if (!isNew) this.#duplicates++;
    return taken;
  }

  /** What MQTT forbids ends the connection in every version; it is not stored, and not acknowledged. */
  #refuseFaulty(client: Client | null, packet: PublishPacket, fault: string, done: (error: Error) => void): void {
    this.#refused.add('protocol-error');
    // A will comes when its connection is over already: aedes has to hear of it, to forget it.
    if (client === null || packet.cmd === undefined) done(new Error(fault));
    else (client.conn as Socket).destroy();
  }

  /**
   * No receipt, so no acknowledgement: the connection ends, and the client sends the message again on its next one.
   * An MQTT 5 client is told that the server is busy; a PUBACK with an error code would make it give the message up.
   */
  #refuse(client: Client | null, packet: PublishPacket, error: unknown, done: (error: Error) => void): void {
    this.#refused.add('not-taken');
    this.#deps.log.debug({ client: client?.id, reason: messageOf(error) }, 'A message was not taken.');
    // A will's client is gone already.
    if (client?.version === 5 && packet.cmd !== undefined) client.disconnect({ reasonCode: reasonCode.serverBusy });
    else done(error instanceof Error ? error : new Error(String(error)));
  }

  #authorizeSubscribe<S>(
    client: Client,
    subscription: S,
    done: (error: Error | null, granted?: S | null) => void,
  ): void {
    const held = Object.keys((client as unknown as { subscriptions: object }).subscriptions).length;
    // null refuses this filter in the SUBACK and leaves the connection alone.
    const isAllowed = held < this.#deps.options.maxSubscriptionsPerClient;
    done(null, isAllowed && (client.clean || this.#sessions.hasRoomFor(client.id)) ? subscription : null);
  }

  #forward(client: Client, packet: AedesPublishPacket): AedesPublishPacket | null {
    switch (deliveryTo((client.conn as Socket).writableLength, this.#deps.options.maxUnsentPerClient, packet.qos)) {
      case 'deliver':
        return packet;
      case 'skip':
        this.#skipped.add('slow-subscriber');
        return null;
      case 'disconnect':
        this.#refused.add('slow-subscriber');
        (client.conn as Socket).destroy();
        return null;
    }
  }

  #noteError(client: Client, error: Error): void {
    const reason = reasonOf(error);
    this.#refused.add(reason);
    this.#deps.log.debug(
      { client: client.id ?? undefined, reason, detail: error.message },
      'An MQTT connection was ended.',
    );
  }
}

/** Nearly every message of a gateway is for the collector alone: it is done with once it is acknowledged. */
function answer(throttle: Throttle, packet: PublishPacket): void {
  if (packet.qos === 1 && packet.messageId !== undefined) throttle.puback(packet.messageId);
  markAnswered(packet);
}
