import type { AedesPublishPacket } from 'aedes';
import type { Shelf } from '../../core/shelf.ts';
import { decodePacket, encodePacket, type KeptPacket, sizeOfPacket } from './packet-codec.ts';
import { spaces } from './spaces.ts';

/** What all wills may take together: as many as there may be connections, of thirty times the usual size. */
const maxBytes = 16 * 1024 * 1024;
/** What a will takes besides what it says, roughly. */
const overheadBytes = 300;

/** The client of a will, as far as it decides when the will is due. */
export interface WillOwner {
  readonly id: string;
  readonly version?: number;
  readonly sessionExpiryInterval?: number;
}

/** A will whose client was connected when the gateway died. */
interface LateWill {
  readonly packet: AedesPublishPacket;
  /** In operating time. */
  readonly dueAtMs: number;
}

/**
 * Wills on the shelf, for as long as their clients are connected: when the gateway dies, every connection has ended
 * without DISCONNECT, and its will is to be published (MQTT 5.0 § 3.1.2.5). It is published when the gateway is back.
 */
export class Wills {
  readonly #shelf: Shelf;
  readonly #late = new Map<string, LateWill>();
  /** Clients whose will is on the shelf, and what it takes. */
  readonly #kept = new Map<string, number>();
  #bytes = 0;

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
  }

  /** Takes in what was on the shelf when the process ended. @returns how many entries could not be read */
  async load(operatingMs: number): Promise<number> {
    let unreadable = 0;
    for (const [clientId, bytes] of await this.#shelf.entries(spaces.wills)) {
      const found = decodePacket(bytes);
      this.#keep(clientId, bytes.length);
      if (found === undefined) {
        unreadable++;
        this.delete(clientId);
        continue;
      }
      const delayMs = Number(found.more.delayMs ?? 0);
      this.#late.set(clientId, { packet: found.packet as AedesPublishPacket, dueAtMs: operatingMs + delayMs });
    }
    return unreadable;
  }

  /** Whether a will can be kept: those of clients that are gone may wait for weeks. */
  hasRoomFor(packet: AedesPublishPacket): boolean {
    return this.#bytes + sizeOfWill(packet) <= maxBytes;
  }

  put(client: WillOwner, packet: AedesPublishPacket): void {
    const { willDelayInterval = 0 } = (packet.properties ?? {}) as { willDelayInterval?: number };
    // MQTT 5.0 § 3.1.3.2.2: no later than the session's end.
    const delaySeconds = client.version === 5 ? Math.min(willDelayInterval, client.sessionExpiryInterval ?? 0) : 0;
    this.#keep(client.id, sizeOfWill(packet));
    // As aedes hands it over, a will is no command.
    const will = { ...packet, cmd: 'publish' as const };
    this.#shelf.put(spaces.wills, client.id, encodePacket(will, { delayMs: delaySeconds * 1_000 }));
  }

  /** It was published, or is not to be. */
  delete(clientId: string): void {
    this.#late.delete(clientId);
    const size = this.#kept.get(clientId);
    if (size === undefined) return;
    this.#kept.delete(clientId);
    this.#bytes -= size;
    this.#shelf.delete(spaces.wills, clientId);
  }

  /** The late wills that are due; they are not told again. */
  takeDue(operatingMs: number): { readonly clientId: string; readonly packet: AedesPublishPacket }[] {
    const due = [...this.#late].filter(([, will]) => will.dueAtMs <= operatingMs);
    for (const [clientId] of due) this.#late.delete(clientId);
    return due.map(([clientId, { packet }]) => ({ clientId, packet }));
  }

  #keep(clientId: string, size: number): void {
    this.#bytes += size - (this.#kept.get(clientId) ?? 0);
    this.#kept.set(clientId, size);
  }
}

function sizeOfWill(packet: AedesPublishPacket): number {
  return sizeOfPacket(packet as KeptPacket) + overheadBytes;
}
