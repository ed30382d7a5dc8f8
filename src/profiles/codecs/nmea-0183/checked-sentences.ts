import { RecentMap } from '../../../lib/recent-map.ts';
import type { Sentence } from './sentence.ts';

const maxKinds = 1024;

/**
 * Checksums are optional in NMEA 0183. But who sends one with a kind of sentence does so always, so without it such a sentence has lost
 * its end: a line end came into it on the way, or its `*` was damaged.
 */
export class CheckedSentences {
  /** By topic or port and the sentence's address. */
  readonly #checked = new RecentMap<string, true>(maxKinds);

  /** Whether a sentence that was read lacks its checksum. */
  lacksChecksum(topic: string, { talker, type, isChecked }: Sentence): boolean {
    const key = `${topic} ${talker}${type}`;
    if (!isChecked) return this.#checked.get(key) !== undefined;
    this.#checked.set(key, true);
    return false;
  }
}
