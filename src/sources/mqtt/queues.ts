import type { AedesPublishPacket } from 'aedes';
import type { Shelf } from '../../core/shelf.ts';
import { owned } from './owned.ts';
import { decodePacket, encodePacket, type KeptPacket } from './packet-codec.ts';
import { parseQueuedKey, queuedKey, spaces } from './spaces.ts';

/** A packet as aedes hands it to its persistence; which fields are there depends on the step. */
export interface SessionPacket extends KeptPacket {
  readonly brokerId?: string;
  readonly brokerCounter?: number;
  dup?: boolean;
}

export interface QueueLimits {
  /** Messages for one client. */
  readonly maxQueuedPerClient: number;
  /** Bytes for all clients together. */
  readonly maxQueuedBytes: number;
}

/** Names for packets in this run, as a broker gives them: its own name, and a number of each packet's own. */
export interface Numbering {
  readonly id: string;
  counter: number;
}

interface Queued {
  /** On the shelf. */
  readonly key: string;
  packet: SessionPacket;
}

/** What a message costs besides its payload, roughly. */
const overheadBytes = 300;

/**
 * Messages for clients with a persistent session that have not taken them yet. Each client's are in order. All of it is
 * on the shelf too, but for the packet ids of QoS 1: a client may get such a message again, under any id.
 */
export class MessageQueues {
  readonly #limits: QueueLimits;
  readonly #shelf: Shelf;
  readonly #onDropped: () => void;
  readonly #byClient = new Map<string, Queued[]>();
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
  async load(isKnown: (clientId: string) => boolean, numbering: Numbering): Promise<number> {
    let unreadable = 0;
    for (const [key, bytes] of await this.#shelf.entries(spaces.queued)) {
      const { number, clientId } = parseQueuedKey(key);
      if (number > this.#lastNumber) this.#lastNumber = number;
      const found = decodePacket(bytes)?.packet as SessionPacket | undefined;
      if (found === undefined) unreadable++;
      if (found === undefined || !isKnown(clientId)) {
        this.#shelf.delete(spaces.queued, key);
      } else if (this.#bytes + sizeOf(found) > this.#limits.maxQueuedBytes) {
        this.#shelf.delete(spaces.queued, key);
        this.#onDropped();
      } else {
        // aedes finds a packet that it sends by these two; a release it finds by its packet id.
        const names = { brokerId: numbering.id, brokerCounter: ++numbering.counter };
        this.#push(clientId, { key, packet: found.cmd === 'pubrel' ? found : { ...found, ...names } });
      }
    }
    return unreadable;
  }

  /** Adds a message; beyond the client's limit its oldest goes, beyond the limit of all this one does. */
  add(clientId: string, packet: AedesPublishPacket): void {
    if (this.#bytes + sizeOf(packet) > this.#limits.maxQueuedBytes) {
      this.#onDropped();
      return;
    }
    const key = queuedKey(++this.#lastNumber, clientId);
    // A copy: each client gives it a packet id of its own. That its publisher sent it again is no matter of theirs.
    const copy = { ...packet, payload: owned(packet.payload), messageId: undefined, dup: false };
    this.#shelf.put(spaces.queued, key, encodePacket(copy));
    this.#push(clientId, { key, packet: copy });
  }

  /**
   * Gives a queued message its packet id, or puts the PUBREL of one in its place.
   *
   * @returns whether this has to be durable before the client is told: what QoS 2 sends again goes under the same id
   */
  update(clientId: string, packet: SessionPacket): boolean {
    for (const queued of this.#byClient.get(clientId) ?? []) {
      const before = queued.packet;
      if (packet.brokerId !== undefined && before.brokerId === packet.brokerId) {
        if (before.brokerCounter !== packet.brokerCounter) continue;
        if (before.messageId === packet.messageId) return false;
        before.messageId = packet.messageId;
        if (packet.qos !== 2) return false;
        this.#shelf.put(spaces.queued, queued.key, encodePacket(before));
        return true;
      }
      if (before.messageId === packet.messageId) {
        this.#bytes += sizeOf(packet) - sizeOf(before);
        queued.packet = packet;
        if (before.cmd === 'pubrel') return false;
        this.#shelf.put(spaces.queued, queued.key, encodePacket(packet));
        return true;
      }
    }
    // It fell to a limit while it was under way. The client gets it all the same.
    return false;
  }

  /** Takes out what has this packet id. */
  take(clientId: string, messageId: number | undefined): SessionPacket | undefined {
    const queue = this.#byClient.get(clientId);
    const index = queue?.findIndex(({ packet }) => packet.messageId === messageId) ?? -1;
    if (queue === undefined || index === -1) return undefined;
    const [taken] = queue.splice(index, 1);
    if (queue.length === 0) this.#byClient.delete(clientId);
    if (taken === undefined) return undefined;
    this.#forget(taken);
    return taken.packet;
  }

  /** A client's messages as they are now; those that have a packet id were sent before (MQTT 5.0 § 3.3.1.1). */
  list(clientId: string): SessionPacket[] {
    return (this.#byClient.get(clientId) ?? []).map(({ packet }) => {
      if (packet.cmd !== 'pubrel' && packet.messageId !== undefined) packet.dup = true;
      return packet;
    });
  }

  /** The session is over. */
  drop(clientId: string): void {
    for (const queued of this.#byClient.get(clientId) ?? []) this.#forget(queued);
    this.#byClient.delete(clientId);
  }

  #push(clientId: string, queued: Queued): void {
    let queue = this.#byClient.get(clientId);
    if (queue === undefined) {
      queue = [];
      this.#byClient.set(clientId, queue);
    }
    queue.push(queued);
    this.#bytes += sizeOf(queued.packet);
    if (queue.length <= this.#limits.maxQueuedPerClient) return;
    const oldest = queue.shift();
    if (oldest !== undefined) this.#forget(oldest);
    this.#onDropped();
  }

  #forget({ key, packet }: Queued): void {
    this.#bytes -= sizeOf(packet);
    this.#shelf.delete(spaces.queued, key);
  }
}

function sizeOf({ payload }: Pick<SessionPacket, 'payload'>): number {
  return (payload?.length ?? 0) + overheadBytes;
}
