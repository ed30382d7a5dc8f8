import type { Shelf } from '../../core/shelf.ts';

/** By topic, as it is called here, behind the bridge's name and a slash: the checksum of its retained message. */
const space = 'bridge.retained';
const maxTopics = 10_000;

/** Which retained messages of a broker have been taken in, so that they are no news when it sends them again. */
export class RetainedBook {
  readonly #shelf: Shelf;
  readonly #name: string;
  readonly #digests = new Map<string, number>();

  constructor(shelf: Shelf, name: string) {
    this.#shelf = shelf;
    this.#name = name;
  }

  /** @throws {HeadgateError} buffer.failed when the disk does not give them */
  async load(): Promise<void> {
    const prefix = `${this.#name}/`;
    for (const [key, bytes] of await this.#shelf.entries(space)) {
      if (!key.startsWith(prefix) || bytes.length !== 4) continue;
      this.#digests.set(key.slice(prefix.length), Buffer.from(bytes).readUInt32LE());
    }
  }

  has(topic: string, digest: number): boolean {
    return this.#digests.get(topic) === digest;
  }

  put(topic: string, digest: number): void {
    if (this.#digests.get(topic) === digest) return;
    // Those beyond are taken in again with the next session, not lost.
    if (!this.#digests.has(topic) && this.#digests.size >= maxTopics) return;
    this.#digests.set(topic, digest);
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(digest);
    this.#shelf.put(space, `${this.#name}/${topic}`, bytes);
  }
}
