import type { Client, PublishPacket } from 'aedes';
import type { Bearer, DeliveryKey, Message, Take } from '../../core/message.ts';
import { traceIdIn } from '../../lib/trace-context.ts';
import type { ClientWindow, UnderWay } from '../redelivery.ts';
import type { Link } from './link.ts';
import { pairsOf } from './publish-encoder.ts';

/** Lets the PUBACK or PUBREC go out, or ends the connection. */
export type Done = (error?: Error | null) => void;

/** Who is told what became of messages. */
export interface IncomingEvents {
  taken(incoming: Incoming): void;
  refused(incoming: Incoming, error: Error): void;
  unnumberedTaken(message: Unnumbered): void;
  unnumberedRefused(message: Unnumbered, error: Error): void;
}

/** A QoS 0 message or a will on its way in. */
export class Unnumbered implements Message, Bearer {
  readonly #events: IncomingEvents;
  readonly sender: Client | null;
  readonly link: Link | undefined;
  readonly packet: PublishPacket;
  readonly traceId: string | undefined;
  readonly done: Done;

  constructor(
    events: IncomingEvents,
    sender: Client | null,
    link: Link | undefined,
    packet: PublishPacket,
    done: Done,
  ) {
    this.#events = events;
    this.sender = sender;
    this.link = link;
    this.packet = packet;
    this.traceId = traceIdOf(packet);
    this.done = done;
  }

  get source(): string {
    return 'mqtt';
  }

  get topic(): string {
    return this.packet.topic;
  }

  get payload(): Uint8Array {
    return bytesOf(this.packet);
  }

  get mqttQos(): 0 | 1 | 2 {
    return this.packet.qos;
  }

  taken(): void {
    this.#events.unnumberedTaken(this);
  }

  refused(error: Error): void {
    this.#events.unnumberedRefused(this, error);
  }
}

/**
 * A QoS 1 or 2 message on its way in: the message, who brought it, its delivery key and its place in the client's window
 * are one object, because at a hundred thousand a second each further one is felt.
 */
export class Incoming implements Message, Bearer, DeliveryKey, UnderWay {
  readonly #events: IncomingEvents;
  readonly sender: Client;
  readonly link: Link;
  readonly packet: PublishPacket;
  readonly traceId: string | undefined;
  readonly packetId: number;
  readonly digest: number;
  readonly done: Done;
  /** Only when somebody asks. */
  #outcome: PromiseWithResolvers<void> | undefined;

  constructor(
    events: IncomingEvents,
    sender: Client,
    link: Link,
    packet: PublishPacket,
    packetId: number,
    digest: number,
    done: Done,
  ) {
    this.#events = events;
    this.sender = sender;
    this.link = link;
    this.packet = packet;
    this.traceId = traceIdOf(packet);
    this.packetId = packetId;
    this.digest = digest;
    this.done = done;
  }

  get source(): string {
    return 'mqtt';
  }

  get topic(): string {
    return this.packet.topic;
  }

  get payload(): Uint8Array {
    return bytesOf(this.packet);
  }

  get mqttQos(): 1 | 2 {
    return this.packet.qos === 2 ? 2 : 1;
  }

  get delivery(): DeliveryKey {
    return this;
  }

  get client(): string {
    return this.sender.id;
  }

  get window(): ClientWindow {
    return this.link.windowOf(this.sender.id);
  }

  /** Resolves when it is known what became of it, whatever that is. */
  get outcome(): Promise<void> {
    this.#outcome ??= Promise.withResolvers();
    return this.#outcome.promise;
  }

  taken(): void {
    this.#events.taken(this);
    this.#outcome?.resolve();
  }

  refused(error: Error): void {
    this.#events.refused(this, error);
    this.#outcome?.resolve();
  }
}

/** Hands a message in. Resolves when it was taken; rejects with the error when it was not. */
export function taken(take: Take, message: Message): Promise<void> {
  return new Promise((resolve, refused) => take(message, { taken: () => resolve(), refused }));
}

function bytesOf({ payload }: PublishPacket): Uint8Array {
  return typeof payload === 'string' ? Buffer.from(payload) : payload;
}

/** By the user property `traceparent`; one that comes twice says nothing. */
function traceIdOf({ properties }: PublishPacket): string | undefined {
  if (properties?.userProperties === undefined) return undefined;
  const found = pairsOf(properties.userProperties).filter(([name]) => name === 'traceparent');
  return found.length === 1 ? traceIdIn(found[0]![1]) : undefined;
}
