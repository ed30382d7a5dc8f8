import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { DeliveryKey, RecentDelivery } from '../../core/message.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import type { Item } from './items.ts';

/** No client of another protocol has a name that begins so: a text of MQTT holds no NUL. */
const prefix = '\0rest:';
/** As many as the buffer tells of an earlier run; in items. */
const maxRemembered = 20_000;

/** The name of a request in delivery keys, by who sent it and under which key. */
export function requestName(principalId: string, idempotencyKey: string): string {
  const name = createHash('sha256')
    .update(JSON.stringify([principalId, idempotencyKey]))
    .digest('base64url');
  return `${prefix}${name.slice(0, 22)}`;
}

/** What an item of a request is recognised by, when the request comes again after a power cut. @param index from 0 */
export function deliveryKey(request: string, index: number, { topic, payload }: Item): DeliveryKey {
  return { client: request, packetId: index + 1, digest: crc32(payload, crc32(topic)) };
}

/** Items that are stored, by their delivery keys: the newest of an earlier run, and the newest of this one. */
export class StoredItems {
  readonly #earlier: () => readonly RecentDelivery[];
  /** By key: the sequence, 0 when it is not known. */
  readonly #sequences = new RecentMap<string, number>(maxRemembered);
  #isLoaded = false;

  /** @param earlier what is known of the last run; empty as long as the buffer is not open */
  constructor(earlier: () => readonly RecentDelivery[]) {
    this.#earlier = earlier;
  }

  /** The sequence of an item that is stored already, 0 when it is not known; undefined: it is not stored. */
  find(key: DeliveryKey): number | undefined {
    this.#load();
    return this.#sequences.get(textOf(key));
  }

  stored(key: DeliveryKey, sequence: number): void {
    this.#sequences.set(textOf(key), sequence);
  }

  #load(): void {
    if (this.#isLoaded) return;
    const earlier = this.#earlier();
    this.#isLoaded = earlier.length > 0;
    for (const key of earlier) if (key.client.startsWith(prefix)) this.#sequences.set(textOf(key), 0);
  }
}

function textOf({ client, packetId, digest }: DeliveryKey): string {
  return `${client}/${packetId}/${digest}`;
}
