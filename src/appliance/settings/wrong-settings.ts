import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { settingsPlaces } from './places.ts';

/** What was wrong with the settings at this start, a line each; undefined: this machine has none. */
export function wrongSettings(state: string = settingsPlaces.state): readonly string[] | undefined {
  try {
    const { problems } = JSON.parse(readFileSync(join(state, 'problems.json'), 'utf8')) as {
      readonly problems?: unknown;
    };
    return Array.isArray(problems) ? problems.filter((one) => typeof one === 'string') : undefined;
  } catch {
    // It is no appliance, or nothing has read them yet.
    return undefined;
  }
}
