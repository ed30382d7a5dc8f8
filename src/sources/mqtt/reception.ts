import { isUtf8 } from 'node:buffer';
import type { Aedes, AedesPublishPacket, Client, ConnackPacket, ConnectPacket, PublishPacket } from 'aedes';
import { generate } from 'mqtt-packet';
import type { ByteStream } from '../../lib/byte-stream.ts';
import type { Log } from '../../lib/log.ts';
import type { Tally } from '../../lib/tally.ts';
import type { Redelivery } from '../redelivery.ts';
import { guardClient, notSilent, type OwnPacket, releaseHeld } from './aedes-guard.ts';
import type { SilentClients } from './attempts.ts';
import { editConnack, refusal } from './connack.ts';
import { type ConnectFault, connectFault } from './connect-fault.ts';
import { minUnsentBytes, Newcomers, Throttle } from './connections.ts';
import type { Done } from './incoming.ts';
import { Link } from './link.ts';
import type { BrokerOptions } from './options.ts';
import { disconnectCodeOf, reasonCode } from './reason-codes.ts';
import { type RefusedReason, reasonOf } from './refused.ts';
import type { Session } from './session.ts';
import type { SessionStore } from './sessions.ts';
import { Subscribing } from './subscribing.ts';

export interface ReceptionDependencies {
  readonly options: BrokerOptions;
  readonly broker: () => Aedes | undefined;
  readonly sessions: SessionStore;
  readonly redelivery: Redelivery;
  readonly refused: Tally<RefusedReason>;
  /** Whether a client may be told of everything that a filter, `$share/GROUP/` included, matches. */
  readonly mayListen: (client: Client, filter: string) => boolean;
  /** Whether a client may be told of a message: its session may have been somebody else's, who subscribed to more. */
  readonly mayReceive: (client: Client, topic: string) => boolean;
  /** See `ClientGuard`. */
  readonly take: (client: Client, packet: PublishPacket, done: Done) => boolean;
  readonly log: Log;
}

/** Where MQTT 5 has no limit of the client's, and MQTT 3 never (§ 3.1.2.11.3). */
const anyNumber = 65_535;
/** Faults that leave nobody to be told, or nothing that could be said to them. */
const silent: readonly RefusedReason[] = ['connection-lost', 'drain-timeout', 'packet-too-large'];

/** How many of those who are connected and say nothing are told of. */
const maxSilent = 20;

/** What a CONNECT asks for that aedes leaves to others. */
interface Hello extends ConnectPacket {
  readonly properties?: {
    readonly receiveMaximum?: number;
    readonly maximumPacketSize?: number;
    readonly topicAliasMaximum?: number;
  };
}

/** Connections from their first byte to their last: who has one, and what is said on it that is no message to be taken in. */
export class Reception {
  readonly #deps: ReceptionDependencies;
  readonly #subscribing: Subscribing;
  readonly #newcomers = new Newcomers();
  readonly #links = new WeakMap<Client, Link>();
  readonly #sockets = new Set<ByteStream>();
  /** Those of them that have said CONNECT and were let in. */
  readonly #clients = new Map<ByteStream, { readonly client: Client; readonly sinceMs: number }>();
  #total = 0;

  constructor(deps: ReceptionDependencies) {
    this.#deps = deps;
    this.#subscribing = new Subscribing({
      ...deps.options,
      sessions: deps.sessions,
      mayListen: deps.mayListen,
      refuse: (client, code, why) => this.refuse(client, code, why),
    });
  }

  /** Clients connected now. */
  get connections(): number {
    return this.#clients.size;
  }

  get connectionsTotal(): number {
    return this.#total;
  }

  linkOf(client: Client): Link | undefined {
    return this.#links.get(client);
  }

  /** Some of those who are connected and have published nothing, the newest first, and how many there are. */
  silent(whoIs: (client: Client) => string): SilentClients {
    const found = [...this.#clients.values()].filter(({ client }) => this.#links.get(client)?.messages === 0).reverse();
    const some = found.slice(0, maxSilent).map(({ client, sinceMs }) => ({
      clientId: client.id.slice(0, 100),
      who: whoIs(client),
      from: (client.conn as ByteStream).remoteAddress ?? 'unknown',
      version: this.#links.get(client)?.limits?.version ?? null,
      secondsConnected: Math.round((performance.now() - sinceMs) / 1_000),
    }));
    return { silent: some, silentTotal: found.length };
  }

  /** Takes in a connection on which a client will say CONNECT. */
  accept(socket: ByteStream): void {
    const { options, refused, redelivery } = this.#deps;
    this.#total++;
    if (this.#sockets.size >= options.maxConnections) {
      refused.add('too-many-connections');
      if (!this.#newcomers.evictOldest()) {
        socket.destroy();
        return;
      }
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#newcomers.add(socket);
    const limits = {
      maxInFlight: options.maxInFlight,
      maxUnsent: Math.max(options.maxUnsentPerClient, minUnsentBytes),
      drainTimeoutMs: options.drainTimeout,
    };
    const throttle = new Throttle(socket, limits, () => refused.add('drain-timeout'));
    const client = this.#deps.broker()?.handle(socket);
    if (client === undefined) return;
    throttle.whileResting(() => notSilent(client));
    const link = new Link(throttle, redelivery);
    this.#links.set(client, link);
    guardClient(client, {
      admits: (packet) => this.#admits(client, link, packet),
      take: (packet, done) => this.#deps.take(client, packet, done),
      handle: (packet) => this.#handle(client, link, packet),
      failed: (error) => this.#failed(client, error),
    });
    socket.once('close', () => {
      link.closed();
      if (link.session !== undefined) this.#deps.sessions.detach(link.session, link.outgoing);
    });
  }

  /** CONNECT has come; nobody knows yet whether its client is let in. */
  greeted(client: Client, packet: Hello): void {
    const { options, sessions } = this.#deps;
    const link = this.#links.get(client);
    if (link === undefined) return;
    const version = packet.protocolVersion ?? 4;
    const { receiveMaximum = anyNumber, maximumPacketSize, topicAliasMaximum = 0 } = packet.properties ?? {};
    link.limits = { version, receiveMaximum, maximumPacketSize, topicAliasMaximum };
    const maxSeconds = Math.floor(options.maxKeepAlive / 1_000);
    const { keepalive = 0 } = packet;
    if (version === 5 && maxSeconds > 0 && (keepalive === 0 || keepalive > maxSeconds)) {
      // aedes' own option would refuse MQTT 3 clients, which can't be told another time.
      (client as unknown as { _serverKeepAlive: number })._serverKeepAlive = maxSeconds;
    }
    link.throttle.editFirst((bytes) =>
      editConnack(bytes, { version, isSessionPresent: packet.clean !== true && sessions.isPresent(client.id) }),
    );
  }

  /** Why a client that has said CONNECT is not let in, whoever it is; an MQTT 5 one is told. */
  faultOf(client: Client): ConnectFault | undefined {
    const { options, sessions } = this.#deps;
    const fault = connectFault({
      clientId: client.id,
      will: (client as { _will?: AedesPublishPacket | null })._will ?? undefined,
      maximumPacketSize: this.#links.get(client)?.limits?.maximumPacketSize,
      maxTopicLevels: options.maxTopicLevels,
      hasRoomForWill: sessions.hasRoomForWill,
    });
    if (fault !== undefined) this.refusing(client, fault.reasonCode);
    return fault;
  }

  /** A client is not let in, for a reason that aedes has no word for: an MQTT 5 client is told this one. */
  refusing(client: Client, code: number): void {
    const link = this.#links.get(client);
    if (link?.limits?.version === 5) link.throttle.editFirst(() => refusal(code));
  }

  /** CONNACK has been written. */
  answered(connack: ConnackPacket, client: Client): void {
    const { options, sessions, refused, mayReceive } = this.#deps;
    const link = this.#links.get(client);
    const { returnCode, reasonCode: code } = connack as { returnCode?: number; reasonCode?: number };
    if (link?.limits === undefined || !link.isOpen || (returnCode ?? code ?? 0) !== 0) return;
    link.session = sessions.attach(client as never, {
      socket: client.conn as ByteStream,
      throttle: link.throttle,
      limits: link.limits,
      maxUnsentBytes: Math.max(options.maxUnsentPerClient, minUnsentBytes),
      maxInFlight: options.maxInFlight,
      mayReceive: (topic) => mayReceive(client, topic),
      onRefused: (reason) => refused.add(reason),
    });
    link.outgoing = link.session.outgoing;
  }

  /** A client has been let in. @param meter see {@link Link} */
  ready(client: Client, meter: Link['meter']): void {
    const link = this.#links.get(client);
    if (link !== undefined) link.meter = meter;
    const socket = client.conn as ByteStream;
    this.#newcomers.settle(socket);
    this.#clients.set(socket, { client, sinceMs: performance.now() });
    socket.once('close', () => this.#clients.delete(socket));
    releaseHeld(client);
  }

  /** Ends a connection; an MQTT 5 client is told why. */
  refuse(client: Client, code: number, why: string): void {
    const { refused, log } = this.#deps;
    refused.add('protocol-error');
    log.debug({ client: client.id, detail: why }, 'An MQTT connection was ended.');
    this.#tell(client, code, why);
    (client.conn as ByteStream).destroy();
  }

  end(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #handle(client: Client, link: Link, packet: OwnPacket): Promise<void> | undefined {
    const { session, outgoing } = link;
    // It has ended, and what came before that is of no use any more.
    if (session === undefined || outgoing === undefined) return undefined;
    switch (packet.cmd) {
      case 'subscribe':
        return inOrder(link, session, () => this.#subscribing.subscribe({ client, session }, packet));
      case 'unsubscribe':
        return inOrder(link, session, () => this.#subscribing.unsubscribe({ client, session }, packet));
      case 'puback':
        outgoing.puback(packet.messageId ?? 0);
        return undefined;
      case 'pubrec':
        outgoing.pubrec(packet.messageId ?? 0, packet.reasonCode ?? 0);
        return undefined;
      case 'pubcomp':
        outgoing.pubcomp(packet.messageId ?? 0);
        return undefined;
      case 'auth':
        this.refuse(client, reasonCode.protocolError, 'AUTH without an authentication method');
        return undefined;
      case 'connect':
        this.refuse(client, reasonCode.protocolError, 'a second CONNECT');
        return undefined;
      case 'connack':
      case 'suback':
      case 'unsuback':
      case 'pingresp':
        this.refuse(client, reasonCode.protocolError, `a client sends no ${packet.cmd.toUpperCase()}`);
        return undefined;
    }
  }

  /** MQTT 5.0 § 3.3.2.3: what a client may not say of a message, and payloads that are not what they are said to be. */
  #admits(client: Client, link: Link, packet: PublishPacket): boolean {
    const { properties = {}, payload, qos } = packet as PublishPacket & { properties?: Record<string, unknown> };
    const twice = Object.keys(properties).find((name) => name !== 'userProperties' && Array.isArray(properties[name]));
    if (twice !== undefined || properties.subscriptionIdentifier !== undefined) {
      this.refuse(client, reasonCode.protocolError, `a PUBLISH may not have ${twice ?? 'a subscription identifier'}`);
      return false;
    }
    if (properties.topicAlias !== undefined && packet.topic !== '' && !link.remembers(packet.topic)) {
      this.refuse(client, reasonCode.quotaExceeded, 'the topics of its aliases are longer than is kept');
      return false;
    }
    if (properties.payloadFormatIndicator !== true || typeof payload === 'string' || isUtf8(payload)) return true;
    const { messageId = 0 } = packet as { messageId?: number };
    if (qos === 0) {
      this.refuse(client, reasonCode.payloadFormatInvalid, 'the payload is said to be UTF-8 and is not');
    } else if (link.isOpen) {
      this.#deps.refused.add('not-taken');
      const answer = [qos === 1 ? 0x40 : 0x50, 3, messageId >>> 8, messageId & 0xff, reasonCode.payloadFormatInvalid];
      (client.conn as ByteStream).write(Buffer.from(answer));
    }
    return false;
  }

  #failed(client: Client, error: Error): void {
    if (!silent.includes(reasonOf(error))) this.#tell(client, disconnectCodeOf(error.message), error.message);
  }

  /** DISCONNECT, for who has been let in and speaks MQTT 5. */
  #tell(client: Client, code: number, why: string): void {
    const link = this.#links.get(client);
    if (client.version !== 5 || link?.session === undefined || !link.isOpen) return;
    const packet = { cmd: 'disconnect', reasonCode: code, properties: { reasonString: why } } as const;
    (client.conn as ByteStream).write(generate(packet, { protocolVersion: 5 }));
    link.throttle.flush();
  }
}

/** What has to be durable takes its time: what comes next waits for it. */
function inOrder(link: Link, { isKept }: Session, act: () => Promise<void>): Promise<void> {
  if (!isKept) return act();
  link.lastChange = link.lastChange.then(act, act);
  return link.lastChange;
}
