import { existsSync } from 'node:fs';
import { messageOf } from '../core/errors.ts';
import { machine } from './appliance.ts';
import { GateNotes } from './gate-notes.ts';

/** Which update did not stay; null: the last one did; undefined: this machine is no appliance. Cheap enough to be asked often. */
export function takenBack(
  marker: string = machine.marker,
  notes = new GateNotes(),
): { readonly text: string; readonly occasion: string } | null | undefined {
  if (!existsSync(marker)) return undefined;
  try {
    const found = notes.takenBack;
    if (found === undefined) return null;
    const which = found.version === undefined ? 'The last update' : `The update to ${found.version}`;
    return { text: `${which} was taken back: ${found.reason}.`, occasion: found.at };
  } catch (error) {
    return { text: `Whether the last update stayed can't be told: ${messageOf(error)}.`, occasion: '' };
  }
}
