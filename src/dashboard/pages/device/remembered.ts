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
