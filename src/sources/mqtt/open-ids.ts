import type { Shelf } from '../../core/shelf.ts';
import { openKey, parseOpenKey, spaces } from './spaces.ts';

/** A QoS 2 packet id that its client has not released yet. */
interface OpenId {
  /** Checksum of the message under it. */
  readonly digest: number;
  /** Settled when the message has been taken in and passed on. */
  taken: Promise<unknown>;
  isPassedOn: boolean;
  isOnShelf: boolean;
  /** It is from before this run; its client may have released it just before the end, unbeknown to the shelf. */
  readonly isOld: boolean;
}

const valueBytes = 12;
/** Who has not come back for so long does not need its ids any more. */
const maxAwayMs = 30 * 86_400_000;

/**
 * The QoS 2 messages that clients have sent and not released (MQTT 5.0 § 4.3.3). Those of sessions that outlive their
 * connection are on the shelf, together with what their passing on put there: one that is found after a crash has been
 * passed on.
 */
export class OpenIds {
  readonly #shelf: Shelf;
  readonly #byClient = new Map<string, Map<number, OpenId>>();

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
  }

  /** Takes in what was on the shelf when the process ended. @returns how many entries could not be read */
  async load(operatingMs: number): Promise<number> {
    let unreadable = 0;
    for (const [key, bytes] of await this.#shelf.entries(spaces.open)) {
      const { packetId, clientId } = parseOpenKey(key);
      const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      if (value.length !== valueBytes) unreadable++;
      if (value.length !== valueBytes || operatingMs - value.readDoubleLE(4) > maxAwayMs) {
        this.#shelf.delete(spaces.open, key);
        continue;
      }
      const digest = value.readUInt32LE();
      const taken = Promise.resolve();
      this.#idsOf(clientId).set(packetId, { digest, taken, isPassedOn: true, isOnShelf: true, isOld: true });
    }
    return unreadable;
  }

  /**
   * Runs `take` for a message that is new in its session; for one that came before and is not yet released, gives the
   * first one's outcome. A message that could not be taken in may come again. An id that is open for another message
   * stands for a new one: its client has lost its memory, and would otherwise lose this message too.
   *
   * @param isAgain its client says so (DUP)
   */
  takeOnce(
    clientId: string,
    { packetId, digest }: { readonly packetId: number; readonly digest: number },
    isAgain: boolean,
    take: () => Promise<unknown>,
  ): { isNew: boolean; taken: Promise<unknown> } {
    const ids = this.#idsOf(clientId);
    const known = ids.get(packetId);
    if (known?.digest === digest && (isAgain || !known.isOld)) return { isNew: false, taken: known.taken };
    if (known !== undefined) this.#forget(clientId, packetId, known);
    const open: OpenId = { digest, taken: Promise.resolve(), isPassedOn: false, isOnShelf: false, isOld: false };
    ids.set(packetId, open);
    open.taken = take();
    open.taken.then(
      () => {
        open.isPassedOn = true;
      },
      () => {
        this.#forget(clientId, packetId, open);
        if (ids.get(packetId) === open) ids.delete(packetId);
      },
    );
    return { isNew: true, taken: open.taken };
  }

  /** Puts an open id on the shelf, for a client whose session outlives its connection. */
  keep(clientId: string, packetId: number, operatingMs: number): void {
    const open = this.#byClient.get(clientId)?.get(packetId);
    if (open === undefined) return;
    const value = Buffer.alloc(valueBytes);
    value.writeUInt32LE(open.digest);
    value.writeDoubleLE(operatingMs, 4);
    open.isOnShelf = true;
    this.#shelf.put(spaces.open, openKey(packetId, clientId), value);
  }

  has(clientId: string): boolean {
    return this.#byClient.has(clientId);
  }

  /** Whether what is open under this id was taken in and passed on. */
  isPassedOn(clientId: string, packetId: number): boolean {
    return this.#byClient.get(clientId)?.get(packetId)?.isPassedOn === true;
  }

  /** The client has released it (PUBREL): the id may be used for a new message. */
  release(clientId: string, packetId: number): void {
    const ids = this.#byClient.get(clientId);
    const open = ids?.get(packetId);
    if (ids === undefined || open === undefined) return;
    this.#forget(clientId, packetId, open);
    ids.delete(packetId);
    if (ids.size === 0) this.#byClient.delete(clientId);
  }

  /** The session is over: its packet ids may be used for new messages. */
  drop(clientId: string): void {
    for (const [packetId, open] of this.#byClient.get(clientId) ?? []) this.#forget(clientId, packetId, open);
    this.#byClient.delete(clientId);
  }

  #idsOf(clientId: string): Map<number, OpenId> {
    let ids = this.#byClient.get(clientId);
    if (ids === undefined) {
      ids = new Map();
      this.#byClient.set(clientId, ids);
    }
    return ids;
  }

  #forget(clientId: string, packetId: number, open: OpenId): void {
    if (!open.isOnShelf) return;
    open.isOnShelf = false;
    this.#shelf.delete(spaces.open, openKey(packetId, clientId));
  }
}
