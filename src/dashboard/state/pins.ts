import { signal } from '@preact/signals';
import { ask } from '../api/ask.ts';
import type { GetPreferencesAnswer } from '../api/schema.ts';

/** A field that somebody wants on the overview. */
export type Pin = Required<GetPreferencesAnswer['pinned'][number]>;

/** As many as the overview shows. */
export const maxPins = 6;
/** Undefined until they are known. */
export const pins = signal<readonly Pin[] | undefined>(undefined);

const path = 'api/v1/preferences';
const isSame = (a: Pin, b: Pin): boolean => a.device === b.device && a.field === b.field && a.tags === b.tags;

/** @throws {ApiProblem} */
export async function loadPins(): Promise<void> {
  pins.value = pinsOf(await ask<GetPreferencesAnswer>(path));
}

export function isPinned(pin: Pin): boolean {
  return pins.value?.some((one) => isSame(one, pin)) ?? false;
}

/** Puts a field on the overview, or takes it off, for whoever has signed in. @throws {ApiProblem} */
export async function togglePin(pin: Pin): Promise<void> {
  // What else they chose stays, and what they pinned elsewhere meanwhile.
  const now = await ask<GetPreferencesAnswer>(path);
  const before = pinsOf(now);
  const others = before.filter((one) => !isSame(one, pin));
  const pinned = others.length < before.length ? others : [...before, pin].slice(-maxPins);
  pins.value = pinsOf(await ask<GetPreferencesAnswer>(path, { method: 'PUT', body: { ...now, pinned } }));
}

function pinsOf({ pinned }: GetPreferencesAnswer): Pin[] {
  return pinned.map((one) => ({ tags: '', ...one }));
}
