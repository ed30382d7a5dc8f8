import { HeadgateError } from '../../core/errors.ts';
import { keyOf, partsOf, type StateStore } from '../state-store.ts';
import type { Identity } from './authorise.ts';

const space = 'identity';
/** So often somebody else may be faster, before it is for whoever asks to try again. */
const maxTries = 20;

/** What all collectors that share a store remember of gateways' identities. */
export class Identities {
  readonly #store: StateStore;

  constructor(store: StateStore) {
    this.#store = store;
  }

  /** @throws HeadgateError `sink.failed` */
  async get(gateway: string): Promise<Identity | undefined> {
    const found = await this.#store.get(keyOf(space, gateway));
    return found && decode(found.value);
  }

  /** @throws HeadgateError `sink.failed` */
  async list(): Promise<ReadonlyMap<string, Identity>> {
    const entries = await this.#store.list(space);
    return new Map(entries.map(({ key, value }) => [partsOf(key)[0] ?? '', decode(value)]));
  }

  /**
   * Changes what is remembered. `change` may be asked several times, and may throw: then nothing is changed.
   *
   * @throws HeadgateError `sink.failed`
   */
  async change(gateway: string, change: (identity: Identity | undefined) => Identity): Promise<void> {
    const key = keyOf(space, gateway);
    for (let tries = 0; tries < maxTries; tries++) {
      const found = await this.#store.get(key);
      const value = Buffer.from(JSON.stringify(change(found && decode(found.value))));
      if ((await this.#store.put(key, value, found?.revision ?? 0)) !== undefined) return;
    }
    throw new HeadgateError('sink.failed', `The identity of ${gateway} changes all the time.`);
  }

  /** Tells of each change, whoever made it. @returns how to stop */
  watch(listener: (gateway: string, identity: Identity | undefined) => void): () => void {
    return this.#store.watch(space, (key, value) => listener(partsOf(key)[0] ?? '', value && decode(value)));
  }
}

function decode(value: Uint8Array): Identity {
  return JSON.parse(Buffer.from(value).toString()) as Identity;
}
