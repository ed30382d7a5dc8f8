import type { EventEmitter } from 'node:events';
import { Aedes, type Client, type PublishPacket } from 'aedes';
import type { NativeWords } from '../../core/command.ts';
import { messageOf } from '../../core/errors.ts';
import type { RecentDelivery, Take } from '../../core/message.ts';
import type { Shelf } from '../../core/shelf.ts';
import type { ByteStream } from '../../lib/byte-stream.ts';
import type { Log } from '../../lib/log.ts';
import type { Service } from '../../lib/service.ts';
import { Tally } from '../../lib/tally.ts';
import { Redelivery } from '../redelivery.ts';
import { guardBroker } from './aedes-guard.ts';
import { Attempts, type AttemptsReport } from './attempts.ts';
import { DeviceCarrier } from './device-carrier.ts';
import { type Answered, devicesPrefix, withoutCommands } from './device-commands.ts';
import { DeviceRequests } from './device-requests.ts';
import { authenticate, cutOff, refusePublish } from './doorkeeper.ts';
import { Gate, type MqttAccess, type MqttLoad } from './gate.ts';
import type { Done } from './incoming.ts';
import { Intake, NotTaken } from './intake.ts';
import { Listeners, type MqttTls } from './listeners.ts';
import type { BrokerOptions } from './options.ts';
import { isOwnTopic, OwnTopics, type Telling } from './own-topics.ts';
import { PacketInspector } from './packet-fault.ts';
import { Reception } from './reception.ts';
import { reasonOf, refusedReasons, skippedReasons } from './refused.ts';
import { SessionStore } from './sessions.ts';
import type { MqttStatus } from './status.ts';

export interface MqttDependencies {
  readonly options: BrokerOptions;
  /** Undefined: TLS is not spoken. */
  readonly tls?: MqttTls | undefined;
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
  /** What one principal may ask for; asked when there are clients. Absent: as much as they like. */
  readonly load?: () => MqttLoad;
  /** What the gateway tells on topics of its own. */
  readonly telling: Telling;
  readonly log: Log;
}

const unlimited = (): MqttLoad => ({ meterOf: () => undefined, connect: () => () => {} });
const maxTopicAliases = 64;
/** How long an MQTT 5 session outlives its connection at the most, in seconds. */
const maxSessionSeconds = 30 * 86_400;
/** How often it is looked for sessions and wills that are due. */
const sweepMs = 10_000;
/** How often it is looked whether the state of the gateway has changed. */
const tellMs = 1_000;

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
  /** Tells measurements and the state of the gateway to who listens. */
  readonly own: OwnTopics;
  readonly #deps: MqttDependencies;
  readonly #refused = new Tally(refusedReasons);
  readonly #skipped = new Tally(skippedReasons);
  readonly #sessions: SessionStore;
  readonly #redelivery: Redelivery;
  readonly #intake: Intake;
  readonly #gate: Gate<Client>;
  readonly #listeners: Listeners;
  readonly #reception: Reception;
  /** Connections that asked to start afresh and are not yet let in. */
  readonly #startsAfresh = new WeakSet<Client>();
  readonly #attempts = new Attempts(() => performance.now());
  #broker: Aedes | undefined;
  #timers: readonly NodeJS.Timeout[] = [];

  constructor(deps: MqttDependencies) {
    this.#deps = deps;
    const { options, log } = deps;
    this.#gate = new Gate(deps.access, deps.load ?? unlimited, log);
    this.#listeners = new Listeners({ options, tls: deps.tls, log, refused: this.#refused, attempts: this.#attempts });
    this.#redelivery = new Redelivery(options.maxInFlight);
    this.devices = new DeviceCarrier({
      maxTopicLevels: options.maxTopicLevels,
      broker: () => this.#broker,
      isAddressed: (topic) => this.#sessions.subscribers.isAddressed(topic),
      hasListeners: (topic) => this.#sessions.subscribers.hasListeners(topic),
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
      onReleased: (clientId, packetId) => this.#redelivery.forget(clientId, packetId),
      retainedElsewhere: (filter) => this.own.retained(filter),
      addressedBy: { prefix: devicesPrefix, onListener: deps.commands.devicesChanged },
    });
    const { subscribers, fanOut } = this.#sessions;
    this.own = new OwnTopics({ ...deps.telling, subscribers, fanOut, maxTopicLevels: options.maxTopicLevels });
    this.#reception = new Reception({
      options,
      broker: () => this.#broker,
      sessions: this.#sessions,
      redelivery: this.#redelivery,
      refused: this.#refused,
      mayListen: (client, filter) => this.#gate.maySubscribe(client, filter),
      mayReceive: (client, topic) => this.#gate.mayReceive(client, topic),
      take: (client, packet, done) => this.#takePlain(client, packet, done),
      log,
    });
    this.#intake = new Intake({
      take: withoutCommands(deps.take, deps.commands.answered),
      inspector: new PacketInspector(options.maxTopicLevels),
      sessions: this.#sessions,
      refused: this.#refused,
      log,
      linkOf: (client) => this.#reception.linkOf(client),
      refuse: (client, code, why) => this.#reception.refuse(client, code, why),
      publish: (packet, client, done) => (this.#broker as unknown as Publisher).publish(packet, client, done),
    });
  }

  /** Remembers, and listens. @throws {HeadgateError} port.taken, port.forbidden or address.unavailable */
  async start(): Promise<void> {
    const { options, log } = this.#deps;
    // Names of clients of other protocols begin with a NUL, which no text of MQTT holds.
    this.#redelivery.restore(this.#deps.recentDeliveries().filter(({ client }) => !client.startsWith('\0')));
    const broker = await Aedes.createBroker({
      persistence: this.#sessions,
      mq: this.#sessions.fanOut,
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
        this.#reception.greeted(client, packet as never);
        done(null, true);
      },
      authenticate: (client, username, password, done) => {
        this.#attempts.named(client, username);
        authenticate(this.#gate, client, { username, password }, this.#reception, (isAllowed, error) => {
          // A session that starts afresh forgets the packet ids of the one before (MQTT 5.0 § 3.1.2.4).
          if (isAllowed && this.#startsAfresh.has(client)) this.#sessions.forgetIncoming(client.id);
          done(error, isAllowed);
        });
      },
      authorizePublish: (client, packet, done) => {
        if (client === null || this.#mayTake(client, packet)) {
          this.#intake.take(client, packet, done);
        } else {
          this.#reception.linkOf(client)?.published(packet.payload.length);
          refusePublish(client, packet, done, this.#refused);
        }
      },
      responseInformation: ({ id }: Client) => (/[+#]/.test(id) ? undefined : `response/${id}`),
    });
    broker.on('connackSent', (connack, client) => this.#reception.answered(connack, client));
    broker.on('clientReady', (client: Client) => {
      client.conn.once(
        'close',
        this.#gate.watch(client, () => cutOff(client, this.#refused)),
      );
      this.#reception.ready(client, this.#gate.meterOf(client));
    });
    broker.on('ping', (_packet, client) => this.#reception.linkOf(client)?.heard());
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
    await this.#listeners.start((stream) => this.accept(stream));
  }

  /** Closes every connection; messages without a receipt stay unacknowledged. What is remembered is durable then. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.own.tick();
    const closed = this.#listeners.close();
    const broker = this.#broker;
    if (broker !== undefined) await new Promise<void>((done) => broker.close(done));
    this.#reception.end();
    await closed;
    await this.#intake.idle();
    // aedes strikes off the wills that are taken in now.
    await new Promise((resolve) => setImmediate(resolve));
    await this.#sessions.saved().catch((error) => {
      this.#deps.log.warn({ reason: messageOf(error) }, 'The last changes of MQTT sessions are not on disk.');
    });
  }

  #mayTake(client: Client, { topic }: PublishPacket): boolean {
    return !isOwnTopic(topic) && this.#gate.mayPublish(client, topic);
  }

  /** @returns false: there is more to be done for it than to take it in */
  #takePlain(client: Client, packet: PublishPacket, done: Done): boolean {
    if (!this.#intake.isPlain(packet) || !this.#mayTake(client, packet)) return false;
    this.#intake.take(client, packet, done);
    return true;
  }

  #keepTime(): void {
    const started = performance.now();
    const tick = setInterval(() => {
      this.#redelivery.now = 1 + Math.floor((performance.now() - started) / 1_000);
    }, 1_000);
    const sweep = setInterval(() => this.#sweep(), sweepMs);
    const tell = setInterval(() => this.own.tick(), tellMs);
    this.#timers = [tick.unref(), sweep.unref(), tell.unref()];
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
    return this.#listeners.address;
  }

  status(): MqttStatus {
    return {
      address: this.#listeners.address,
      tls: this.#listeners.tlsStatus(),
      connections: this.#reception.connections,
      connectionsTotal: this.#reception.connectionsTotal,
      refused: this.#refused.toObject(),
      skippedDeliveries: this.#skipped.toObject(),
      duplicates: this.#intake.duplicates,
    };
  }

  /** Takes in a connection on which a client will say CONNECT. */
  accept(socket: ByteStream): void {
    this.#reception.accept(socket);
  }

  /** Who tried to connect and was not let in, and who is connected and says nothing: for whoever waits for a device. */
  attempts(): AttemptsReport {
    return this.#attempts.report(this.#reception.silent((client) => this.#gate.principalOf(client).name));
  }

  #noteError(client: Client, error: Error): void {
    if (error instanceof NotTaken) return;
    this.#attempts.ended(client, this.#reception.linkOf(client), error);
    const reason = reasonOf(error);
    this.#refused.add(reason);
    this.#deps.log.debug(
      { client: client.id ?? undefined, reason, detail: error.message },
      'An MQTT connection was ended.',
    );
  }
}
