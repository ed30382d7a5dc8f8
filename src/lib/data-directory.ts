import { join } from 'node:path';
import { ensureDirectory } from './ensure-directory.ts';
import { formats, heldText, heldVariable } from './formats.ts';
import { readIfThere, writePrivateFile } from './private-file.ts';

/** Says which formats the version wrote that ran here last and was not on trial. */
const noteName = 'formats.json';

/** Set by the unit of an appliance whose version is on trial. */
export function isOnTrial({ HEADGATE_ON_TRIAL }: NodeJS.ProcessEnv): boolean {
  return HEADGATE_ON_TRIAL === '1';
}

/**
 * Makes a gateway's directories where they are not there, and holds formats while this version is on trial: before anything in there
 * is opened.
 * @throws {HeadgateError} data.unwritable, data.full
 */
export function prepareDataDirectory(dataDir: string, environment: NodeJS.ProcessEnv = process.env): void {
  ensureDirectory(dataDir, 'The data directory');
  ensureDirectory(join(dataDir, 'buffer'), "The buffer's directory");
  if (isOnTrial(environment)) environment[heldVariable] = heldText(noted(dataDir));
  else delete environment[heldVariable];
}

/** Writes down what this version writes, once it runs: a later one that is on trial holds to it. */
export function noteFormats(dataDir: string, environment: NodeJS.ProcessEnv = process.env): void {
  if (isOnTrial(environment)) return;
  const written = Object.fromEntries(Object.entries(formats).map(([name, { newest }]) => [name, newest]));
  const text = `${JSON.stringify(written)}\n`;
  try {
    if (readIfThere(join(dataDir, noteName)) !== text) writePrivateFile(join(dataDir, noteName), text, 'The note');
  } catch {
    // Without it a later version holds to an older format than it would have to: that is read as well.
  }
}

function noted(dataDir: string): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(readIfThere(join(dataDir, noteName)) ?? '{}');
    return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {};
  } catch {
    // What can't be read says nothing: the oldest is held.
    return {};
  }
}
