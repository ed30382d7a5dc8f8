import type { Shelf } from '../../core/shelf.ts';
import { Fifo } from '../../lib/fifo.ts';
import { owned } from './owned.ts';
import { decodePacket, encodePacket, type KeptPacket, sizeOfPacket } from './packet-codec.ts';
import { parseQueuedKey, queuedKey, spaces } from './spaces.ts';

export interface QueueLimits {
  /** Messages for one client. */
  readonly maxQueuedPerClient: number;
  /** Bytes for all clients together. */
  readonly maxQueuedBytes: number;
}

/** A message for one client, or the release of one. */
export interface Queued {
  /** On the shelf; undefined: it is not there, and goes with its connection. */
  readonly key: string | undefined;
  packet: KeptPacket;
  /** It is as durable as it has to be before its client is told. */
  isReady: boolean;
  /** It was sent before. */
  wasSent: boolean;
}

/** What a message costs besides its payload, roughly. */
const overheadBytes = 300;
const maxPacketId = 0xffff;

/** One client's messages, in order. */
export class SessionQueue {
  /** Not sent on this connection. */
  readonly waiting = new Fifo<Queued>();
  /** Sent, and not through, by packet id. */
  readonly sent = new Map<number, Queued>();
  readonly #ids = new Set<number>();
  #lastId = 0;

  /** A packet id that is free, and is not from now on; undefined when there is none. */
  newId(): number | undefined {
    if (this.#ids.size >= maxPacketId) return undefined;
    do this.#lastId = (this.#lastId % maxPacketId) + 1;
    while (this.#ids.has(this.#lastId));
    this.#ids.add(this.#lastId);
    return this.#lastId;
  }

  use(id: number): void {
    this.#ids.add(id);
  }

  free(id: number | undefined): void {
    if (id !== undefined) this.#ids.delete(id);
  }

  /** The connection has ended: what is not through is sent again on the next one, before all else. */
  rewind(): void {
    const rest = [...this.waiting];
    this.waiting.clear();
    for (const queued of this.sent.values()) {
      // What is not on the shelf was for that connection.
      if (queued.key === undefined) this.free(queued.packet.messageId);
      else this.waiting.push(queued);
    }
    for (const queued of rest) if (queued.key !== undefined) this.waiting.push(queued);
    this.sent.clear();
  }
}

/**
 * Messages for clients that have not taken them yet. Those of sessions that outlive their connection are on the shelf too, but for the
 * packet ids of QoS 1: a client may get such a message again, under any id.
 */
export class MessageQueues {
  readonly #limits: QueueLimits;
  readonly #shelf: Shelf;
  readonly #onDropped: () => void;
  readonly #byClient = new Map<string, SessionQueue>();
  #bytes = 0;
  #lastNumber = 0;

  constructor(limits: QueueLimits, shelf: Shelf, onDropped: () => void) {
    this.#limits = limits;
    this.#shelf = shelf;
    this.#onDropped = onDropped;
  }

  /**
   * Takes in what was on the shelf when the process ended.
   *
   * @param isKnown whether a client still has a session
   * @returns how many entries could not be read
   */
  async load(isKnown: (clientId: string) => boolean): Promise<number> {
    let unreadable = 0;
    for (const [key, bytes] of await this.#shelf.entries(spaces.queued)) {
      const { number, clientId } = parseQueuedKey(key);
      if (number > this.#lastNumber) this.#lastNumber = number;
      const found = decodePacket(bytes)?.packet;
      if (found === undefined) unreadable++;
      if (found === undefined || !isKnown(clientId)) {
        this.#shelf.delete(spaces.queued, key);
      } else if (this.#bytes + sizeOf(found) > this.#limits.maxQueuedBytes) {
        this.#shelf.delete(spaces.queued, key);
        this.#onDropped();
      } else {
        const queue = this.of(clientId);
        if (found.messageId !== undefined) queue.use(found.messageId);
        // It may have been sent before, or not: nobody knows.
        this.#push(queue, { key, packet: found, isReady: true, wasSent: found.messageId !== undefined });
      }
    }
    return unreadable;
  }

  of(clientId: string): SessionQueue {
    let queue = this.#byClient.get(clientId);
    if (queue === undefined) {
      queue = new SessionQueue();
      this.#byClient.set(clientId, queue);
    }
    return queue;
  }

  /**
   * Adds a message; beyond the client's limit its oldest that was not sent goes, beyond the limit of all this one does, and that is counted.
   *
   * @param isKept it has to be there after the connection, and the process: its client is told of it only once it is ready
   * @param isSoon it is sent as soon as it is ready, so a QoS 2 message gets its packet id now, which has to be durable first
   * @returns undefined when there is no room
   */
  add(clientId: string, packet: KeptPacket, isKept: boolean, isSoon: boolean): Queued | undefined {
    if (this.#bytes + sizeOf(packet) > this.#limits.maxQueuedBytes) {
      this.#onDropped();
      return undefined;
    }
    const queue = this.of(clientId);
    const key = isKept ? queuedKey(++this.#lastNumber, clientId) : undefined;
    // A copy: each client gives it a packet id of its own. That its publisher sent it again is no matter of theirs.
    const messageId = isSoon && packet.qos === 2 ? queue.newId() : undefined;
    const copy = { ...packet, payload: owned(packet.payload ?? ''), messageId };
    if (key !== undefined) this.#shelf.put(spaces.queued, key, encodePacket(copy));
    const queued = { key, packet: copy, isReady: !isKept, wasSent: false };
    this.#push(queue, queued);
    return queued;
  }

  /**
   * Gives QoS 2 messages that wait for a client their packet ids, which have to be durable before they are sent: what QoS 2 sends again
   * goes under the same id. @returns those that are not ready before that
   */
  number(clientId: string): Queued[] {
    const queue = this.of(clientId);
    const numbered: Queued[] = [];
    for (const queued of queue.waiting) {
      const { packet, key } = queued;
      if (packet.qos !== 2 || packet.cmd === 'pubrel' || packet.messageId !== undefined || key === undefined) continue;
      packet.messageId = queue.newId();
      queued.isReady = false;
      this.#shelf.put(spaces.queued, key, encodePacket(packet));
      numbered.push(queued);
    }
    return numbered;
  }

  /** The client has a QoS 2 message: in its place is its release. */
  release(queued: Queued): void {
    const packet: KeptPacket = { cmd: 'pubrel', messageId: queued.packet.messageId };
    this.#bytes += sizeOf(packet) - sizeOf(queued.packet);
    queued.packet = packet;
    if (queued.key !== undefined) this.#shelf.put(spaces.queued, queued.key, encodePacket(packet));
  }

  /** It was sent and is not kept: only its packet id is of interest from now on. */
  lighten(queued: Queued): void {
    const { qos, messageId } = queued.packet;
    const packet: KeptPacket = { ...(qos !== undefined && { qos }), messageId };
    this.#bytes += sizeOf(packet) - sizeOf(queued.packet);
    queued.packet = packet;
  }

  /** It is through, or goes nowhere; it is in none of its queue's lists any more, or is never sent from there. */
  forget(clientId: string, queued: Queued): void {
    this.#byClient.get(clientId)?.free(queued.packet.messageId);
    this.#bytes -= sizeOf(queued.packet);
    if (queued.key !== undefined) this.#shelf.delete(spaces.queued, queued.key);
  }

  /** The session is over. */
  drop(clientId: string): void {
    const queue = this.#byClient.get(clientId);
    if (queue === undefined) return;
    for (const queued of queue.waiting) this.forget(clientId, queued);
    for (const queued of queue.sent.values()) this.forget(clientId, queued);
    queue.waiting.clear();
    queue.sent.clear();
    this.#byClient.delete(clientId);
  }

  /** The connection has ended; its session may go on. */
  rewind(clientId: string): void {
    const queue = this.#byClient.get(clientId);
    if (queue === undefined) return;
    for (const list of [queue.waiting, queue.sent.values()]) {
      for (const { key, packet } of list) if (key === undefined) this.#bytes -= sizeOf(packet);
    }
    queue.rewind();
    if (queue.waiting.length === 0) this.#byClient.delete(clientId);
  }

  #push(queue: SessionQueue, queued: Queued): void {
    queue.waiting.push(queued);
    this.#bytes += sizeOf(queued.packet);
    if (queue.waiting.length <= this.#limits.maxQueuedPerClient) return;
    const oldest = queue.waiting.shift();
    if (oldest === undefined) return;
    queue.free(oldest.packet.messageId);
    this.#bytes -= sizeOf(oldest.packet);
    if (oldest.key !== undefined) this.#shelf.delete(spaces.queued, oldest.key);
    this.#onDropped();
  }
}

function sizeOf(packet: KeptPacket): number {
  return sizeOfPacket(packet) + overheadBytes;
}
