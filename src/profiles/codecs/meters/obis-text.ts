import { unitOf } from '../../../core/measure-units.ts';
import type { Field } from '../../../core/measurement.ts';

/** One value of a meter's telegram in text: `1-0:1.8.1(004426.125*kWh)`, `0-1:24.2.1(170102161005W)(00000.107*m3)`. */
export interface Item {
  /** The OBIS code as it is written, without `*255`, which says that it is the current value (IEC 62056-61). */
  readonly code: string;
  /** The texts in parentheses. */
  readonly groups: readonly string[];
}

export interface ObisText {
  readonly items: readonly Item[];
  /** Lines that are not of this form, by their number from 1 on. */
  readonly broken: readonly number[];
}

const one = /([^()\s]{0,32})((?:\([^()]*\))+)\s*/y;

/**
 * The values of a telegram, several of which may share a line. One without a code goes on with the value before it, as that of
 * a gas meter does in DSMR 2.2.
 */
export function readObisText(lines: readonly string[]): ObisText {
  const items: { code: string; groups: string[] }[] = [];
  const broken: number[] = [];
  for (const [index, line] of lines.entries()) {
    const text = line.trim();
    one.lastIndex = 0;
    while (one.lastIndex < text.length) {
      const found = one.exec(text);
      const code = found?.[1]?.replace(/\*255$/, '') ?? '';
      const previous = items.at(-1);
      if (!found || (code === '' && !previous)) {
        broken.push(index + 1);
        break;
      }
      const groups = found[2]!.slice(1, -1).split(')(');
      if (code === '') previous!.groups.push(...groups);
      else items.push({ code, groups });
    }
  }
  return { items, broken };
}

/** Spellings that only meters use. */
const spellings: ReadonlyMap<string, string> = new Map([
  ['C', 'Cel'],
  // Heat meters measure maxima over so many minutes: `6.35(60*m)`.
  ['m', 'min'],
  ['m3ph', 'm3/h'],
  ['m3h', 'm3/h'],
  ['lph', 'l/h'],
]);

/** `004426.125*kWh`, `+000.8*A`, `0.85`, and of older meters `024562 kWh`. @returns undefined: it is no number */
export function quantityOf(text: string): Omit<Field, 'name'> | undefined {
  const star = text.search(/\*|(?<=\d) (?=[A-Za-z]+\d?$)/);
  const digits = star < 0 ? text : text.slice(0, star);
  if (digits.length > 20 || !/^[+-]?\d+(?:\.\d+)?$/.test(digits.trim())) return undefined;
  const value = Number(digits);
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) return undefined;
  const unit = star < 0 ? undefined : (spellings.get(text.slice(star + 1).trim()) ?? unitOf(text.slice(star + 1)));
  return unit === undefined ? { value } : { value, unit };
}

/** What a meter writes as the hexadecimal digits of its characters: `4B384547…` is `K8EG…`; other text as it is. */
export function textOf(written: string): string {
  if (!/^(?:[0-9A-Fa-f]{2})+$/.test(written)) return written;
  const bytes = Buffer.from(written, 'hex');
  return bytes.every((byte) => byte >= 0x20 && byte < 0x7f) ? bytes.toString('latin1').trim() : written;
}

/** Maker and model of an identification, `/ISk5\2MT382-1000`: three letters, a digit for the line speed, the model. */
export function identityOf(line: string): readonly (readonly [string, string])[] {
  const found = /^\/([A-Za-z]{3})(.?)(.*)$/.exec(line.trim());
  if (!found) return [];
  const model = found[3]!.replace(/^\\/, '').trim();
  const maker = ['manufacturer', found[1]!] as const;
  return model === '' ? [maker] : [maker, ['model', model]];
}

/** The largest readouts, with the load profile of months, are some ten thousand bytes. */
export const maxTelegram = 131_072;

/** Why a payload that is no telegram by its size is not read. */
export function tooLong(bytes: number): string {
  return `It has ${bytes} bytes; a telegram has at most ${maxTelegram}.`;
}

/** Why a telegram with more values than one message may have is not read. */
export function tooMany(count: number, most: number): string {
  return `It has ${count} values; at most ${most} are read.`;
}
