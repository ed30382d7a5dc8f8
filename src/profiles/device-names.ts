/** So many devices with two names are remembered; more are known by the name that a message gives. */
const maxAliases = 20_000;
/** Longer names are no aliases. */
const maxLength = 256;

/**
 * Remembers which device it is that goes by two names: some messages of it carry an id, others only what its topic says.
 * The name that it was first known by stays, whichever that was: one device never becomes two.
 */
export class DeviceNames {
  readonly #byAlias = new Map<string, string>();

  /** The name to use as far as it is known; remembers nothing. */
  known(family: string, id: string | undefined, alias: string | undefined): string | undefined {
    return (alias === undefined ? undefined : this.#byAlias.get(`${family}:${alias}`)) ?? id ?? alias;
  }

  /**
   * @param id what the message names it by; undefined when it carries only the alias
   * @returns the name to use, and whether something new was learnt
   */
  resolve(
    family: string,
    id: string | undefined,
    alias: string | undefined,
  ): { name: string | undefined; isNew: boolean } {
    if (alias === undefined || alias.length > maxLength || (id?.length ?? 0) > maxLength)
      return { name: id ?? alias, isNew: false };
    const key = `${family}:${alias}`;
    const known = this.#byAlias.get(key);
    if (known !== undefined) return { name: known, isNew: false };
    const name = id ?? alias;
    if (this.#byAlias.size >= maxAliases) return { name, isNew: false };
    this.#byAlias.set(key, name);
    // An alias that is the id as well says nothing that would have to be kept.
    return { name, isNew: name !== alias || id === undefined };
  }
}
