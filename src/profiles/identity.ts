import type { DeviceNames } from './device-names.ts';
import type { Candidate } from './items.ts';
import type { Tree } from './language/tree-path.ts';

export interface IdentityDependencies {
  readonly family: string;
  readonly topic: string;
  /** Names a device by its topic, where the profile does not. */
  readonly nameOf: (topic: string) => string;
  readonly names: DeviceNames;
  /** As which device people adopted the topic; undefined: its messages tell. */
  readonly device: string | undefined;
}

/** A device's id, and whether it was learnt just now that two names are one device's. */
export interface Identified {
  readonly deviceId: string;
  readonly isNew: boolean;
}

/** In characters: what comes from outside names nothing at any length. */
export const maxDeviceName = 256;

/** Which device the messages of one topic are of. */
export class Identity {
  readonly #deps: IdentityDependencies;
  /** The first of what a message on this topic can be. */
  readonly #first: Candidate | undefined;
  /** By candidate, where nothing but the topic tells. */
  readonly #fixed = new Map<Candidate, Identified>();

  constructor(deps: IdentityDependencies, candidates: readonly Candidate[]) {
    this.#deps = deps;
    this.#first = candidates[0];
    for (const candidate of candidates) {
      const { message, captures } = candidate;
      // A message of several devices names each itself: what people said of its topic must not make one of them.
      const adopted = message.device !== undefined && message.each !== undefined ? undefined : deps.device;
      if (message.device !== undefined && adopted === undefined) continue;
      this.#fixed.set(candidate, { deviceId: this.#named(adopted ?? captures.get('device')), isNew: false });
    }
  }

  /**
   * @param whole what the tree is a part of, and which may name the device as well
   * @param key under which the tree stands there; undefined: under none
   */
  of(candidate: Candidate, tree: Tree, whole: Tree = tree, key?: string): Identified {
    const fixed = this.#fixed.get(candidate);
    if (fixed !== undefined) return fixed;
    const { message, captures } = candidate;
    const scope = { captures, tree, whole, key };
    const { family, names } = this.#deps;
    const { name, isNew } = names.resolve(family, message.device!.id(scope), message.device!.alias?.(scope));
    return { deviceId: this.#named(name), isNew };
  }

  /** The id of a message of which nothing is known but its topic, or that could not be read: nothing is learnt of it. */
  idOf(candidate: Candidate | undefined = this.#first, tree: Tree = undefined): string {
    if (candidate === undefined) return this.#named(undefined);
    const fixed = this.#fixed.get(candidate);
    if (fixed !== undefined) return fixed.deviceId;
    const { message, captures } = candidate;
    const scope = { captures, tree };
    const { family, names } = this.#deps;
    return this.#named(names.known(family, message.device!.id(scope), message.device!.alias?.(scope)));
  }

  /** @param device by which name it goes within its codec's family */
  ofCodec(device: string | undefined): string {
    return device === undefined ? this.idOf() : `${this.#deps.family}:${device}`;
  }

  #named(name: string | undefined): string {
    const { family, nameOf, topic } = this.#deps;
    return name !== undefined && name.length <= maxDeviceName ? `${family}:${name}` : nameOf(topic);
  }
}
