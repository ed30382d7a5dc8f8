import type { UnixMs } from '../core/time.ts';
import { copyOf } from './series.ts';

const perSeries = 32;
const maxText = 200;
/** Of texts that follow one another faster, the newest is kept: nobody reads so many, and they would push all others out. */
const leastMs = 1_000;
/** Characters of all texts together. */
const maxChars = 2_000_000;

/** One series' texts, the oldest first. */
interface Texts {
  readonly ms: UnixMs[];
  readonly texts: string[];
  readonly periods: number[];
  /** When the second began of which the last one is the newest. */
  beganMs: UnixMs;
}

/** The last texts of each series that has texts. Not of every kind: a text is kept when it is another than the one before. */
export class RecentTexts {
  readonly #series = new Map<number, Texts>();
  #chars = 0;

  note(slot: number, ms: UnixMs, text: string, period: number): void {
    let found = this.#series.get(slot);
    if (found === undefined) {
      found = { ms: [], texts: [], periods: [], beganMs: 0 };
      this.#series.set(slot, found);
    }
    const { texts } = found;
    const kept = text.length > maxText ? `${text.slice(0, maxText - 1)}…` : text;
    if (texts.at(-1) === kept) return;
    const last = texts.length - 1;
    const isSoon = last >= 0 && ms >= found.ms[last]! && ms - found.beganMs < leastMs && found.periods[last] === period;
    if (isSoon) {
      const chars = this.#chars + kept.length - texts[last]!.length;
      if (chars > maxChars) return;
      this.#chars = chars;
      texts[last] = copyOf(kept);
      found.ms[last] = ms;
      return;
    }
    if (texts.length >= perSeries) this.#dropFirst(found);
    while (this.#chars + kept.length > maxChars && texts.length > 0) this.#dropFirst(found);
    if (this.#chars + kept.length > maxChars) return;
    this.#chars += kept.length;
    found.beganMs = ms;
    found.ms.push(ms);
    texts.push(copyOf(kept));
    found.periods.push(period);
  }

  read(slot: number, each: (ms: UnixMs, text: string, period: number) => void): void {
    const found = this.#series.get(slot);
    if (found === undefined) return;
    for (const [i, text] of found.texts.entries()) each(found.ms[i]!, text, found.periods[i]!);
  }

  forget(slot: number): void {
    const found = this.#series.get(slot);
    if (found === undefined) return;
    for (const text of found.texts) this.#chars -= text.length;
    this.#series.delete(slot);
  }

  #dropFirst({ ms, texts, periods }: Texts): void {
    this.#chars -= texts.shift()!.length;
    ms.shift();
    periods.shift();
  }
}
