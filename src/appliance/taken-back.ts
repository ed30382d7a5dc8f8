import { existsSync } from 'node:fs';
import { messageOf } from '../core/errors.ts';
import { machine } from './appliance.ts';
import { GateNotes } from './gate-notes.ts';

/** Which update did not stay, in a sentence; null: none did not; undefined: this machine is no appliance. Cheap enough to be asked often. */
export function takenBack(marker: string = machine.marker, notes = new GateNotes()): string | null | undefined {
  if (!existsSync(marker)) return undefined;
  try {
    const found = notes.takenBack;
    if (found === undefined) return null;
    const which = found.version === undefined ? 'The last update' : `The update to ${found.version}`;
    return `${which} was taken back: ${found.reason}.`;
  } catch (error) {
    return `Whether the last update stayed can't be told: ${messageOf(error)}.`;
  }
}
