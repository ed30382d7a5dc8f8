import type { AedesPublishPacket } from 'aedes';

/** A packet as aedes hands it to its persistence; which fields are there depends on the step. */
export interface SessionPacket {
  readonly cmd?: string;
  readonly brokerId?: string;
  readonly brokerCounter?: number;
  readonly payload?: string | Buffer;
  messageId?: number | undefined;
}

export interface QueueLimits {
  /** Messages for one client. */
  readonly maxQueuedPerClient: number;
  /** Bytes for all clients together. */
  readonly maxQueuedBytes: number;
}

/** What a message costs besides its payload, roughly. */
const overheadBytes = 300;

/** Messages for clients with a persistent session that have not taken them yet. Each client's are in order. */
export class MessageQueues {
  readonly #limits: QueueLimits;
  readonly #onDropped: () => void;
  readonly #byClient = new Map<string, SessionPacket[]>();
  #bytes = 0;

  constructor(limits: QueueLimits, onDropped: () => void) {
    this.#limits = limits;
    this.#onDropped = onDropped;
  }

  /** Adds a message; beyond the client's limit its oldest goes, beyond the limit of all this one does. */
  add(clientId: string, packet: AedesPublishPacket): void {
    if (this.#bytes + sizeOf(packet) > this.#limits.maxQueuedBytes) {
      this.#onDropped();
      return;
    }
    let queue = this.#byClient.get(clientId);
    if (queue === undefined) {
      queue = [];
      this.#byClient.set(clientId, queue);
    }
    // A copy: each client gives it a packet id of its own.
    queue.push({ ...packet, payload: owned(packet.payload), messageId: undefined });
    this.#bytes += sizeOf(packet);
    if (queue.length > this.#limits.maxQueuedPerClient) {
      this.#forget(queue.shift());
      this.#onDropped();
    }
  }

  /** Gives a queued message its packet id, or puts the PUBREL of one in its place. */
  update(clientId: string, packet: SessionPacket): void {
    const queue = this.#byClient.get(clientId) ?? [];
    for (const [index, queued] of queue.entries()) {
      if (packet.brokerId !== undefined && queued.brokerId === packet.brokerId) {
        if (queued.brokerCounter !== packet.brokerCounter) continue;
        queued.messageId = packet.messageId;
        return;
      }
      if (queued.messageId === packet.messageId) {
        this.#forget(queued);
        this.#bytes += sizeOf(packet);
        queue[index] = packet;
        return;
      }
    }
    // It fell to a limit while it was under way. The client gets it all the same.
  }

  /** Takes out what has this packet id. */
  take(clientId: string, messageId: number | undefined): SessionPacket | undefined {
    const queue = this.#byClient.get(clientId);
    const index = queue?.findIndex((queued) => queued.messageId === messageId) ?? -1;
    if (queue === undefined || index === -1) return undefined;
    const [taken] = queue.splice(index, 1);
    this.#forget(taken);
    if (queue.length === 0) this.#byClient.delete(clientId);
    return taken;
  }

  /** A client's messages as they are now. */
  list(clientId: string): SessionPacket[] {
    return [...(this.#byClient.get(clientId) ?? [])];
  }

  #forget(packet: SessionPacket | undefined): void {
    if (packet !== undefined) this.#bytes -= sizeOf(packet);
  }
}

/** A payload in memory of its own: as it came, it may hold on to all that its socket read together with it. */
export function owned(payload: string | Buffer): string | Buffer {
  if (typeof payload === 'string' || payload.buffer.byteLength <= payload.length * 2) return payload;
  // Not from Node's pool, which would be just such a larger piece.
  const copy = Buffer.allocUnsafeSlow(payload.length);
  payload.copy(copy);
  return copy;
}

function sizeOf({ payload }: Pick<SessionPacket, 'payload'>): number {
  return (payload?.length ?? 0) + overheadBytes;
}
