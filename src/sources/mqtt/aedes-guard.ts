import type { EventEmitter } from 'node:events';
import type { Aedes, Client, PublishPacket } from 'aedes';
import { type IPublishPacket, type Packet, writeToStream } from 'mqtt-packet';
import { type PacketParser, PublishReader } from './publish-reader.ts';
import { reasonText } from './reason-codes.ts';

// What aedes 2.0.0-beta.1 leaves open, and where its packets are taken from it. The contract tests tell when a new version no longer
// needs it.

/** Packets that are seen to here and not by aedes. */
export type OwnPacket = Extract<
  Packet,
  {
    cmd:
      | 'subscribe'
      | 'unsubscribe'
      | 'puback'
      | 'pubrec'
      | 'pubcomp'
      | 'auth'
      // What a client may not send, or not twice.
      | 'connect'
      | 'connack'
      | 'suback'
      | 'unsuback'
      | 'pingresp';
  }
>;

export interface ClientGuard {
  /**
   * What is wrong with a PUBLISH that has properties is seen to here.
   * @returns whether it may go on
   */
  readonly admits: (packet: PublishPacket) => boolean;
  /**
   * Takes in a PUBLISH that has no properties, from a client that has its CONNACK. Aedes would check again what is known to be fine,
   * and make three closures to come back here with it. `done` is called when it is through, with an error when the connection ends.
   * @returns false: aedes is to see to it
   */
  readonly take: (packet: PublishPacket, done: (error?: Error | null) => void) => boolean;
  /** Only for a client that has its CONNACK. Whoever returns a promise has no more read from the client until then. */
  readonly handle: (packet: OwnPacket) => Promise<void> | undefined;
  /** Something ends the connection; called before it is closed. */
  readonly failed: (error: Error) => void;
}

/** What aedes calls by these names. */
interface Insides {
  readonly _parser: Parser;
  readonly _nextBatch: (error?: Error | null) => void;
  readonly _onError: (error: Error) => void;
  readonly _keepaliveInterval: number;
  readonly _keepaliveTimer: NodeJS.Timeout | null;
  _parsingBatch: number;
  readonly connackSent: boolean;
  readonly broker: { readonly maximumPacketSize: number };
  rejectPacketTooLarge(size: number): void;
}

interface Parser extends PacketParser {
  _pos: number;
  _emitError(error: Error): void;
  _queue: Packet[] | null;
  _parseProperties(): { userProperties?: unknown } | false;
  _parseStringPair(): { readonly name: string; readonly value: string };
}

/** In one packet. Each takes a hundred bytes in memory, and as few as five on the wire. */
const maxUserProperties = 256;

/** Call it right after the broker is made. */
export function guardBroker(broker: Aedes): void {
  // With the first packet it would make a buffer for each number of two bytes: 10 MB, for packets of which few are written by it.
  writeToStream.cacheNumbers = false;
  withoutPrototype(broker, ['clients', 'brokers']);
}

/** Call it right after `broker.handle(socket)`. */
export function guardClient(client: Client, guard: ClientGuard): void {
  withoutPrototype(client, ['subscriptions', 'duplicates']);
  const inside = client as unknown as Insides;
  const { _parser: parser } = inside;
  keepUserProperties(parser);
  new PublishReader(parser, () => {
    if (inside._keepaliveInterval > 0) inside._keepaliveTimer?.refresh();
  });
  // In place of its listener, not before it: a second one would cost every packet.
  const [handle] = parser.listeners('packet') as ((packet: Packet) => void)[];
  parser.removeAllListeners('packet');
  parser.on('packet', (packet: Packet) => {
    if (packet.cmd === 'publish') {
      if (packet.properties === undefined) {
        if (!takeDirectly(inside, guard, packet)) handle?.call(parser, packet);
      } else if (guard.admits(packet as PublishPacket)) handle?.call(parser, packet);
    } else if (isOwn(packet) && inside.connackSent) {
      take(inside, guard, packet);
    } else {
      handle?.call(parser, packet);
    }
  });
  sayWhy(client);
  const emitter = client as unknown as EventEmitter;
  emitter.removeListener('error', inside._onError);
  emitter.on('error', (error: Error) => {
    guard.failed(error);
    inside._onError.call(client, error);
  });
}

/** A DISCONNECT that aedes sends has a text for people, too. Some clients see none that has only its code. */
function sayWhy(client: Client): void {
  const own = client as unknown as { disconnect(options: Goodbye, done?: () => void): void };
  const disconnect = own.disconnect.bind(client);
  own.disconnect = (options, done) => {
    const reasonString = reasonText(options.reasonCode);
    const isSaid = options.properties !== undefined || reasonString === undefined;
    disconnect(isSaid ? options : { ...options, properties: { reasonString } }, done);
  };
}

interface Goodbye {
  readonly reasonCode: number;
  readonly properties?: object;
}

/** A client that nothing is read from for a while is not silent for all that. */
export function notSilent(client: Client): void {
  const { _keepaliveInterval: interval, _keepaliveTimer: timer } = client as unknown as Insides;
  if (interval > 0) timer?.refresh();
}

/** A client is let in: what came behind its CONNECT is handled now, before aedes does it. Call it on `clientReady`. */
export function releaseHeld(client: Client): void {
  const inside = client as unknown as Insides;
  const { _parser: parser } = inside;
  const held = parser._queue ?? [];
  parser._queue = [];
  inside._parsingBatch -= held.length;
  for (const packet of held) parser.emit('packet', packet);
}

/** @returns false: it is for aedes to handle */
function takeDirectly(inside: Insides, guard: ClientGuard, packet: IPublishPacket): boolean {
  const { maximumPacketSize } = inside.broker;
  // With the longest header that it can have: aedes looks closer.
  if (!inside.connackSent || (maximumPacketSize > 0 && (packet.length ?? 0) + 5 > maximumPacketSize)) return false;
  // Before it is taken in: it may be through at once.
  inside._parsingBatch++;
  if (guard.take(packet as PublishPacket, inside._nextBatch)) return true;
  inside._parsingBatch--;
  return false;
}

function isOwn(packet: Packet): packet is OwnPacket {
  switch (packet.cmd) {
    case 'subscribe':
    case 'unsubscribe':
    case 'puback':
    case 'pubrec':
    case 'pubcomp':
    case 'auth':
    case 'connect':
    case 'connack':
    case 'suback':
    case 'unsuback':
    case 'pingresp':
      return true;
    default:
      return false;
  }
}

function take(inside: Insides, guard: ClientGuard, packet: OwnPacket): void {
  const size = (packet.length ?? 0) + 2;
  if (size > inside.broker.maximumPacketSize) {
    inside.rejectPacketTooLarge(size);
    return;
  }
  notSilent(inside as unknown as Client);
  const underWay = guard.handle(packet);
  if (underWay === undefined) return;
  inside._parsingBatch++;
  underWay.then(
    () => inside._nextBatch(),
    (error) => inside._nextBatch(error),
  );
}

/**
 * The parser collects user properties by name, which loses their order and some of those whose names come twice (MQTT 5.0 § 3.3.2.3.7).
 * With this they are `[name, value]` pairs, in order.
 */
function keepUserProperties(parser: Parser): void {
  const properties = parser._parseProperties.bind(parser);
  const pair = parser._parseStringPair.bind(parser);
  let pairs: (readonly [string, string])[] = [];
  parser._parseStringPair = () => {
    const found = pair();
    if (pairs.length >= maxUserProperties) {
      parser._emitError(new Error(`over ${maxUserProperties} user properties`));
      // There is no more to be read of it.
      parser._pos = parser.packet.length;
    }
    pairs.push([found.name, found.value]);
    return found;
  };
  parser._parseProperties = () => {
    const found = properties();
    if (pairs.length === 0) return found;
    if (found !== false) found.userProperties = pairs;
    pairs = [];
    return found;
  };
}

/**
 * Tells aedes, in its own way, that a PUBLISH has been answered and is not to be passed on: then it does neither. It uses
 * the mark itself, for messages that were not allowed.
 */
export function markAnswered(packet: PublishPacket): void {
  (packet as unknown as { _notAuthorized: boolean })._notAuthorized = true;
}

/**
 * aedes keeps these by client id and topic in plain objects, where `constructor` or `__proto__`, names that anybody
 * may send, are there before they are put in.
 */
function withoutPrototype(owner: object, names: readonly string[]): void {
  for (const name of names) (owner as Record<string, object>)[name] = Object.create(null) as object;
}
