import type { Field, FieldValue } from '../../../core/measurement.ts';

/** Reads a sentence's values into fields. What is empty gives none; what is wrong is noted once, as a sentence. */
export class Reader {
  readonly fields: Field[] = [];
  readonly #values: readonly string[];
  #fault: string | undefined;

  constructor(values: readonly string[]) {
    this.#values = values;
  }

  get fault(): string | undefined {
    return this.#fault;
  }

  /** How many values there are. */
  get count(): number {
    return this.#values.length;
  }

  /** The value in the place that the sentence's definition gives it: 1 is the first one. */
  text(place: number): string {
    return this.#values[place - 1] ?? '';
  }

  /** @returns undefined: empty, or no number, which is noted */
  number(place: number): number | undefined {
    const text = this.text(place);
    if (text === '') return undefined;
    if (/^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(text) && text.length <= 20) return Number(text);
    this.fail(place, 'is no number');
    return undefined;
  }

  fail(place: number, problem: string): void {
    this.#fault ??= `Its value ${place}, "${this.text(place).slice(0, 20)}", ${problem}.`;
  }

  put(name: string, value: FieldValue | undefined, unit?: string): void {
    if (value !== undefined) this.fields.push(unit === undefined ? { name, value } : { name, value, unit });
  }

  /** A number as it is. */
  take(name: string, place: number, unit?: string): void {
    this.put(name, this.number(place), unit);
  }

  /** The first of several places that has a number, in that place's own unit. */
  takeFirst(name: string, ...places: readonly (readonly [place: number, unit: string])[]): void {
    for (const [place, unit] of places) {
      const value = this.number(place);
      if (value === undefined) continue;
      this.put(name, value, unit);
      return;
    }
  }

  /** The first of several places that has a number, turned into one unit. */
  takeAs(name: string, unit: string, ...places: readonly (readonly [place: number, factor: number])[]): void {
    for (const [place, factor] of places) {
      const value = this.number(place);
      if (value === undefined) continue;
      // Twelve digits are more than any instrument has, and without the dust of the multiplication.
      this.put(name, Number((value * factor).toPrecision(12)), unit);
      return;
    }
  }

  /** A number whose sign is a letter behind it. */
  takeSigned(name: string, place: number, negative: string, unit: string): void {
    const value = this.number(place);
    if (value !== undefined) this.put(name, this.text(place + 1) === negative ? -value : value, unit);
  }

  /** Latitude and longitude, each with its hemisphere behind it: `5222.3198,N,00454.5784,E` is 52° 22.3198′ N, 4° 54.5784′ E. */
  position(place: number): void {
    const latitude = this.#degrees(place, 'N', 'S', 90);
    const longitude = this.#degrees(place + 2, 'E', 'W', 180);
    if (latitude === undefined || longitude === undefined) return;
    this.put('latitude', latitude, 'lat');
    this.put('longitude', longitude, 'lon');
  }

  #degrees(place: number, positive: string, negative: string, most: number): number | undefined {
    if (this.number(place) === undefined) return undefined;
    // The last two digits before the point are minutes. Taken from the text they keep all their decimals.
    const text = this.text(place);
    const point = text.indexOf('.');
    const split = Math.max(0, (point < 0 ? text.length : point) - 2);
    const degrees = Number(text.slice(0, split));
    const minutes = Number(text.slice(split));
    const hemisphere = this.text(place + 1);
    const total = degrees + minutes / 60;
    if (!(degrees >= 0 && minutes >= 0 && minutes < 60 && total <= most))
      this.fail(place, `is no angle of at most ${most} degrees`);
    else if (hemisphere === positive) return total;
    else if (hemisphere === negative) return -total;
    else this.fail(place + 1, `is neither ${positive} nor ${negative}`);
    return undefined;
  }

  /** `172814.00` → milliseconds since midnight; a leap second is the first one of the next minute. */
  timeOfDay(place: number): number | undefined {
    const text = this.text(place);
    if (text === '') return undefined;
    const match = /^(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?$/.exec(text);
    const [, hours = 24, minutes = 60, seconds = 61, fraction = ''] = match ?? [];
    if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 60) {
      this.fail(place, 'is no time of day');
      return undefined;
    }
    const whole = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
    return whole * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3));
  }

  /** `ddmmyy` → the day's begin. Years are from 1980, before which there was no GPS, to 2079. */
  date(place: number): number | undefined {
    const text = this.text(place);
    if (text === '') return undefined;
    const [, day, month, year] = /^(\d\d)(\d\d)(\d\d)$/.exec(text) ?? [];
    if (day !== undefined) {
      const short = Number(year);
      return this.day(place, short >= 80 ? 1900 + short : 2000 + short, Number(month), Number(day));
    }
    this.fail(place, 'is no date');
    return undefined;
  }

  /** The begin of a day in UTC. @param place where its number stands */
  day(place: number, year: number, month: number, day: number): number | undefined {
    const begin = Date.UTC(year, month - 1, day);
    const found = new Date(begin);
    if (found.getUTCMonth() === month - 1 && found.getUTCDate() === day) return begin;
    this.fail(place, 'is no date');
    return undefined;
  }
}
