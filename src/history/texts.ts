import type { UnixMs } from '../core/time.ts';
import { copyOf } from './series.ts';

const perSeries = 32;
const maxText = 200;
/** Characters of all texts together. */
const maxChars = 2_000_000;

/** The last texts of each series that has texts. Not of every kind: a text is kept when it is another than the one before. */
export class RecentTexts {
  readonly #series = new Map<number, { readonly ms: UnixMs[]; readonly texts: string[]; readonly periods: number[] }>();
  #chars = 0;

  note(slot: number, ms: UnixMs, text: string, period: number): void {
    let found = this.#series.get(slot);
    if (found === undefined) {
      found = { ms: [], texts: [], periods: [] };
      this.#series.set(slot, found);
    }
    const { texts } = found;
    const kept = text.length > maxText ? `${text.slice(0, maxText - 1)}…` : text;
    if (texts.at(-1) === kept) return;
    if (texts.length >= perSeries) this.#dropFirst(found);
    while (this.#chars + kept.length > maxChars && texts.length > 0) this.#dropFirst(found);
    if (this.#chars + kept.length > maxChars) return;
    this.#chars += kept.length;
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

  #dropFirst({ ms, texts, periods }: { ms: UnixMs[]; texts: string[]; periods: number[] }): void {
    this.#chars -= texts.shift()!.length;
    ms.shift();
    periods.shift();
  }
}
