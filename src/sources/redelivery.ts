import type { RecentDelivery } from '../core/message.ts';

/** What became of a message that comes again. */
export type Known =
  /** The first copy has no receipt yet; settled when it has. */
  | { readonly state: 'under-way'; readonly outcome: Promise<unknown> }
  /** Its record is safe; whether subscribers here have it is not known. */
  | { readonly state: 'taken' }
  /** It was acknowledged: the acknowledgement got lost. */
  | { readonly state: 'acknowledged' };

/** A message that has no receipt yet. Its outcome is only asked for when it comes again: a getter can make the promise then. */
export interface UnderWay {
  /** Settled when it is known what became of it. */
  readonly outcome: Promise<unknown>;
}

const underWay = 1;
const taken = 2;
const acknowledged = 3;

/*
 * A window is a table in sets of four. An entry is three words: packet id and state, digest, and since when it may be
 * forgotten, in seconds of `Redelivery.now`: since it was acknowledged, or from a time to come.
 */
const ways = 4;
const wordsPerEntry = 3;
const initialEntries = 16;
/** Who is heard from so long after an acknowledgement, on the same connection, has got it. In seconds. */
const graceSeconds = 10;
/** For so long a client that is back may still send again what it had sent before. In seconds. */
const returnSeconds = 600;
const maxClients = 10_000;
/** Until its client is here for the first time in this run. */
const unlimited = 0xffffffff;
/** Entries of all clients together beyond which no table grows. With `maxClients` it bounds all of it to some 30 MB. */
const maxEntries = 500_000;

/**
 * What one client has sent lately with QoS 1 and 2, so that a copy (DUP) of what is safe already makes no second record.
 *
 * A copy is told by packet id and digest. Clients use their packet ids again, some of them very soon, and sensors say the
 * same again and again; so what the client must know to be acknowledged is forgotten when it connects anew. Otherwise a
 * new message that got lost on its way, and comes with DUP, would pass for an old one.
 */
export class ClientWindow {
  readonly #all: Redelivery;
  #words = new Uint32Array(initialEntries * wordsPerEntry);
  #underWay: (UnderWay | undefined)[] = new Array(initialEntries).fill(undefined);
  /** When the client was last heard from on its present connection, in seconds; -1: not yet. */
  #heardAt = -1;
  /** Connections that use it. */
  #connections = 0;

  constructor(all: Redelivery) {
    this.#all = all;
  }

  get isConnected(): boolean {
    return this.#connections > 0;
  }

  get entries(): number {
    return this.#underWay.length;
  }

  /** The client has a new connection: what it sent again on it was not acknowledged, as far as it knows. */
  connected(): void {
    this.#connections++;
    const words = this.#words;
    const { now } = this.#all;
    for (let at = 0; at < words.length; at += wordsPerEntry) {
      if (words[at]! >>> 16 < taken) continue;
      const since = words[at + 2]!;
      if (this.#heardAt >= since + graceSeconds) words[at] = 0;
      // Once: a client that comes back again and again has had its time too.
      else if (since <= now || since === unlimited) words[at + 2] = now + returnSeconds;
    }
    this.#heardAt = -1;
  }

  disconnected(): void {
    this.#connections--;
  }

  heard(): void {
    this.#heardAt = this.#all.now;
  }

  /** A new message is being taken in. */
  begin(packetId: number, digest: number, message: UnderWay): void {
    this.#heardAt = this.#all.now;
    const entry = this.#entryFor(packetId);
    const at = entry * wordsPerEntry;
    this.#words[at] = packetId | (underWay << 16);
    this.#words[at + 1] = digest;
    this.#underWay[entry] = message;
  }

  /** It has its receipt, and now waits for something else. */
  waitFor(packetId: number, digest: number, outcome: Promise<unknown>): void {
    const entry = this.#find(packetId, digest);
    if (entry !== -1) this.#set(entry, underWay, { outcome });
  }

  /** Its record is safe, but it was not acknowledged. */
  taken(packetId: number, digest: number): void {
    const entry = this.#find(packetId, digest);
    if (entry === -1) return;
    this.#set(entry, taken, undefined);
    this.#words[entry * wordsPerEntry + 2] = this.#all.now + returnSeconds;
  }

  /** @param isConnected whether the acknowledgement goes out on the client's present connection */
  acknowledged(packetId: number, digest: number, isConnected: boolean): void {
    const entry = this.#find(packetId, digest);
    if (entry === -1) return;
    this.#set(entry, acknowledged, undefined);
    this.#words[entry * wordsPerEntry + 2] = this.#all.now + (isConnected ? 0 : returnSeconds);
  }

  /** It could not be taken in, or its client has released it: should it come, it is new. */
  forget(packetId: number): void {
    const base = this.#baseOf(packetId);
    for (let entry = base; entry < base + ways; entry++) {
      const at = entry * wordsPerEntry;
      if ((this.#words[at]! & 0xffff) !== packetId) continue;
      this.#words[at] = 0;
      this.#underWay[entry] = undefined;
    }
  }

  /** What is known of a message that comes again; undefined: nothing, it is new. */
  find(packetId: number, digest: number): Known | undefined {
    const entry = this.#find(packetId, digest);
    if (entry === -1) return undefined;
    const message = this.#underWay[entry];
    if (message !== undefined) return { state: 'under-way', outcome: message.outcome };
    return { state: this.#words[entry * wordsPerEntry]! >>> 16 === acknowledged ? 'acknowledged' : 'taken' };
  }

  /** Takes in what was safe before this run. */
  restore(packetId: number, digest: number): void {
    const at = this.#entryFor(packetId) * wordsPerEntry;
    this.#words[at] = packetId | (taken << 16);
    this.#words[at + 1] = digest;
    this.#words[at + 2] = unlimited;
  }

  #set(entry: number, state: number, message: UnderWay | undefined): void {
    const at = entry * wordsPerEntry;
    this.#words[at] = (this.#words[at]! & 0xffff) | (state << 16);
    this.#underWay[entry] = message;
  }

  /** First of the entries where a packet id may be. */
  #baseOf(packetId: number): number {
    // A power of two.
    return (packetId & (this.#underWay.length / ways - 1)) * ways;
  }

  #find(packetId: number, digest: number): number {
    const words = this.#words;
    const base = this.#baseOf(packetId);
    for (let entry = base; entry < base + ways; entry++) {
      const at = entry * wordsPerEntry;
      if ((words[at]! & 0xffff) === packetId && words[at + 1] === digest) return entry;
    }
    return -1;
  }

  /** Where a new entry goes: in its predecessor's place, a free one, or the place of what is needed least. */
  #entryFor(packetId: number): number {
    const words = this.#words;
    const base = this.#baseOf(packetId);
    let oldest = base;
    let oldestRank = Number.POSITIVE_INFINITY;
    let oldestDistance = 0;
    for (let entry = base; entry < base + ways; entry++) {
      const at = entry * wordsPerEntry;
      const id = words[at]! & 0xffff;
      if (id === packetId) return entry;
      const rank = id === 0 ? -1 : words[at]! >>> 16 === underWay ? unlimited : words[at + 2]!;
      // Of one second, that whose id was given longest ago: clients count upwards.
      const distance = (packetId - id) & 0xffff;
      if (rank > oldestRank || (rank === oldestRank && distance <= oldestDistance)) continue;
      oldest = entry;
      oldestRank = rank;
      oldestDistance = distance;
    }
    if (oldestRank + graceSeconds <= this.#all.now || oldestRank === -1) return oldest;
    if (!this.#all.mayGrow(this.#underWay.length)) return oldest;
    this.#grow();
    return this.#entryFor(packetId);
  }

  #grow(): void {
    const words = this.#words;
    const before = this.#underWay;
    this.#words = new Uint32Array(words.length * 2);
    this.#underWay = new Array(before.length * 2).fill(undefined);
    for (const [entry, message] of before.entries()) {
      const from = entry * wordsPerEntry;
      const packetId = words[from]! & 0xffff;
      if (packetId === 0) continue;
      // Twice as many sets: what was in one is in two now, so there is room.
      let to = this.#baseOf(packetId);
      while ((this.#words[to * wordsPerEntry]! & 0xffff) !== 0) to++;
      this.#words.set(words.subarray(from, from + wordsPerEntry), to * wordsPerEntry);
      this.#underWay[to] = message;
    }
  }
}

/** The windows of all clients, within bounds: those that have been away for longest go first. */
export class Redelivery {
  readonly #maxPerClient: number;
  readonly #byClient = new Map<string, ClientWindow>();
  #entries = 0;
  /** Seconds of a clock that never jumps, from 1. Kept by whoever owns this: asking a clock for each message costs. */
  now = 1;

  /** @param maxInFlight messages that one client may have unacknowledged */
  constructor(maxInFlight: number) {
    this.#maxPerClient = 2 ** Math.ceil(Math.log2(Math.max(64, maxInFlight)));
  }

  get clients(): number {
    return this.#byClient.size;
  }

  /**
   * Takes in what was durable when the process ended.
   *
   * @param deliveries oldest first
   */
  restore(deliveries: readonly RecentDelivery[]): void {
    // By run: a client that was heard from in a later one need not have heard of this.
    const latest = new Map<string, number>();
    const inRun = ({ client, runsAgo = 0 }: RecentDelivery): string => `${runsAgo} ${client}`;
    for (const delivery of deliveries) {
      const key = inRun(delivery);
      latest.set(key, Math.min(delivery.agoMs, latest.get(key) ?? Number.POSITIVE_INFINITY));
    }
    for (const delivery of deliveries) {
      const { client, packetId, digest, agoMs } = delivery;
      // It was heard from long after.
      if (agoMs - (latest.get(inRun(delivery)) ?? 0) >= graceSeconds * 1_000) continue;
      this.of(client).restore(packetId, digest);
    }
  }

  /** A client's window, made when there is none. */
  of(clientId: string): ClientWindow {
    let window = this.#byClient.get(clientId);
    if (window === undefined) {
      window = new ClientWindow(this);
      this.#entries += window.entries;
      if (this.#byClient.size >= maxClients) this.#evict();
    } else {
      this.#byClient.delete(clientId);
    }
    this.#byClient.set(clientId, window);
    return window;
  }

  /** A client has released a QoS 2 message, and so has our word for it. */
  forget(clientId: string, packetId: number): void {
    this.#byClient.get(clientId)?.forget(packetId);
  }

  /** Asked by a window that wants to double. */
  mayGrow(entries: number): boolean {
    if (entries >= this.#maxPerClient || this.#entries + entries > maxEntries) return false;
    this.#entries += entries;
    return true;
  }

  #evict(): void {
    for (const [clientId, window] of this.#byClient) {
      if (window.isConnected) continue;
      this.#byClient.delete(clientId);
      this.#entries -= window.entries;
      return;
    }
  }
}
