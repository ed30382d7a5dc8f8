import type { EventEmitter } from 'node:events';
import type { Aedes, Client, PublishPacket } from 'aedes';

// What aedes 2.0.0-beta.1 leaves open and one hostile packet would use to end the process. The contract tests tell when
// a new version no longer needs it.

/** Call it right after the broker is made. */
export function guardBroker(broker: Aedes): void {
  withoutPrototype(broker, ['clients', 'brokers']);
}

/** Call it right after `broker.handle(socket)`. */
export function guardClient(client: Client): void {
  withoutPrototype(client, ['subscriptions', 'duplicates']);
  const { _parser: parser } = client as unknown as { _parser: EventEmitter };
  // In place of its listener, not before it: a second one would cost every packet.
  const [handle] = parser.listeners('packet') as ((packet: Packet) => void)[];
  parser.removeAllListeners('packet');
  parser.on('packet', (packet: Packet) => {
    // It looks for filters that come twice in a plain object. A command that it does not know ends the connection.
    const filters = packet.subscriptions;
    if (filters !== undefined && filters.length > 1 && filters.some(({ topic }) => topic === '__proto__')) {
      packet.cmd = 'refused';
    }
    handle?.call(parser, packet);
  });
}

interface Packet {
  cmd: string;
  readonly subscriptions?: readonly { readonly topic: string }[];
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
