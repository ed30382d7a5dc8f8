import { randomBytes } from 'node:crypto';
import { HeadgateError } from '../core/errors.ts';
import type { Clock } from '../core/time.ts';
import { type Claim, confirm, counts, type Decision, type GatewayEntry, type Proposal, propose } from './lineage.ts';
import { keyOf, partsOf, type StateStore } from './state-store.ts';

const space = 'gateway';
/** So often somebody else may be faster, before it is for the gateway to try again. */
const maxTries = 20;

/** Who speaks for a gateway: what it has confirmed, once it has. */
export interface Holder {
  readonly peer: { readonly epoch: string } | undefined;
  readonly lineage: string | undefined;
}

/** Remembers, for all collectors that share a store, which copy of each gateway's data goes on: see `lineage.ts`. */
export class Lineages {
  readonly #store: StateStore;
  readonly #clock: Clock;

  constructor(store: StateStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** How many gateways have ever been here. @throws HeadgateError `sink.failed` */
  async count(): Promise<number> {
    return (await this.#store.list(space)).length;
  }

  /** @param from where the gateway is, as `HOST:PORT` @throws HeadgateError `sink.failed` */
  async propose(claim: Claim, from: string): Promise<Decision<{ readonly proposal: Proposal }>> {
    const lineage = randomBytes(9).toString('base64url');
    return await this.#change(claim.gateway, (entry) => propose(entry, claim, lineage, this.#seen(from)));
  }

  /** @throws HeadgateError `sink.failed` */
  async confirm(proposal: Proposal, confirmed: string, from: string): Promise<Decision<object>> {
    return await this.#change(proposal.claim.gateway, (entry) => confirm(entry, proposal, confirmed, this.#seen(from)));
  }

  /**
   * Tells who of those that have confirmed a lineage goes on no more, because another one does, whoever made that known.
   *
   * @param holders who speaks for a gateway here
   * @returns how to stop
   */
  watch<T extends Holder>(holders: (gateway: string) => readonly T[], overtaken: (holder: T) => void): () => void {
    return this.#store.watch(space, (key, value) => {
      const suspects = holders(partsOf(key)[0] ?? '').filter((holder) => !goesOn(value, holder));
      if (suspects.length > 0) void this.#verify(key, suspects, overtaken);
    });
  }

  /** What a change tells may be older than what they have confirmed since. */
  async #verify<T extends Holder>(key: string, suspects: readonly T[], overtaken: (holder: T) => void): Promise<void> {
    let value: Uint8Array | undefined;
    try {
      value = (await this.#store.get(key))?.value;
    } catch {
      // It can't be asked at present: the next change will tell.
      return;
    }
    for (const holder of suspects) if (!goesOn(value, holder)) overtaken(holder);
  }

  async #change<T>(gateway: string, decide: (entry: GatewayEntry | undefined) => Decision<T>): Promise<Decision<T>> {
    const key = keyOf(space, gateway);
    for (let tries = 0; tries < maxTries; tries++) {
      const found = await this.#store.get(key);
      const decision = decide(found && decode(found.value));
      if (decision.name === 'refused') return decision;
      if ((await this.#store.put(key, encode(decision.entry), found?.revision ?? 0)) !== undefined) return decision;
    }
    throw new HeadgateError('sink.failed', `What is remembered of ${gateway} changes all the time.`);
  }

  #seen(from: string): { at: number; from: string } {
    return { at: this.#clock.now(), from };
  }
}

function goesOn(value: Uint8Array | undefined, { peer, lineage }: Holder): boolean {
  return peer === undefined || lineage === undefined || counts(value && decode(value), peer.epoch, lineage);
}

function encode(entry: GatewayEntry): Uint8Array {
  return Buffer.from(JSON.stringify(entry));
}

function decode(value: Uint8Array): GatewayEntry {
  return JSON.parse(Buffer.from(value).toString()) as GatewayEntry;
}
