import { keep, recall } from '../../state/preferences.ts';

/** What somebody chose to see of a device. */
export interface Chosen {
  /** Keys of fields: {@link fieldKey}. */
  readonly fields: readonly string[];
  readonly windowMs: number;
}

const name = 'device-charts';
const maxDevices = 100;
export const usualWindowMs = 3_600_000;
/** At once in the chart of a device. */
export const maxCharted = 4;

/** One field's series among the device's. */
export function fieldKey(field: string, tags = ''): string {
  return tags === '' ? field : `${field}{${tags}}`;
}

/** @returns undefined when nothing was chosen yet */
export function recallChosen(device: string): Chosen | undefined {
  const found = all().find(([id]) => id === device)?.[1];
  if (found === undefined || !Array.isArray(found.fields) || typeof found.windowMs !== 'number') return undefined;
  return { fields: found.fields.map(String), windowMs: found.windowMs };
}

/** Of the devices that were chosen for longest ago the choice is forgotten. */
export function keepChosen(device: string, chosen: Chosen): void {
  const others = all().filter(([id]) => id !== device);
  keep(name, JSON.stringify([[device, chosen], ...others].slice(0, maxDevices)));
}

function all(): (readonly [id: string, chosen: Chosen])[] {
  try {
    const kept: unknown = JSON.parse(recall(name) ?? '[]');
    return Array.isArray(kept) ? kept : [];
  } catch {
    // Of another version, or not ours: chosen anew.
    return [];
  }
}

/** What is shown as long as nobody has chosen: a number with a unit, else a number, else what can be drawn. */
export function firstField(
  fields: readonly { readonly name: string; readonly tags?: string; readonly value: unknown; readonly unit: unknown }[],
): string[] {
  const drawn = fields.filter(({ value }) => ['number', 'boolean', 'string'].includes(typeof value));
  const numbers = drawn.filter(({ value }) => typeof value === 'number');
  const first = numbers.find(({ unit }) => unit !== null) ?? numbers[0] ?? drawn[0];
  return first === undefined ? [] : [fieldKey(first.name, first.tags)];
}
