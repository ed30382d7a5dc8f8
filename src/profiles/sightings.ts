import type { Attribute, Sighting } from '../core/device.ts';
import type { Candidate } from './items.ts';
import type { CompiledProfile } from './language/compiled.ts';
import { attributesIn } from './language/mapping.ts';
import type { Tree } from './language/tree-path.ts';

/** So many devices of one topic are remembered as told. */
const maxTold = 1_000;

/** What messages of one topic tell of devices themselves. */
export class Sightings {
  readonly #profile: CompiledProfile;
  /** Devices whose manufacturer and model have been told. */
  #told = new Set<string>();

  constructor(profile: CompiledProfile) {
    this.#profile = profile;
  }

  /**
   * Adds what is known of a message's device, if anything.
   *
   * @returns whether the message itself tells it, not only the profile
   */
  note(
    sightings: Sighting[],
    { message, captures }: Candidate,
    tree: Tree,
    deviceId: string,
    presence: Sighting['presence'],
  ): boolean {
    const name = message.device?.name?.({ captures, tree });
    const attributes = message.attributes.length === 0 ? [] : attributesIn(tree, message.attributes);
    const isTold = name !== undefined || attributes.length > 0;
    const { manufacturer, model } = this.#profile;
    if ((manufacturer !== undefined || model !== undefined) && !this.#told.has(deviceId)) {
      if (this.#told.size >= maxTold) this.#told = new Set();
      this.#told.add(deviceId);
      const own: [string, string | undefined][] = [
        ['manufacturer', manufacturer],
        ['model', model],
      ];
      for (const [key, value] of own) {
        if (value !== undefined && !attributes.some(([given]) => given === key))
          attributes.push([key, value] as Attribute);
      }
    }
    if (name === undefined && presence === undefined && attributes.length === 0) return false;
    sightings.push({
      deviceId,
      ...(name !== undefined && { name }),
      ...(presence !== undefined && { presence }),
      ...(attributes.length > 0 && { attributes }),
    });
    return isTold;
  }
}
