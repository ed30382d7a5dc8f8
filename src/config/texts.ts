import { readFileSync } from 'node:fs';
import { readIfThere } from '../lib/private-file.ts';
import { type ConfigSources, configFile } from './load.ts';

/**
 * What the configuration file and those over it say now, as one text: what came of the same texts before comes of them again, and need
 * not be worked out on the thread that the flow is on. By content, not by time: a clock is too coarse for two writes in a row.
 *
 * @returns undefined when one can't be read: then nothing is known
 */
export function textsOf(sources: ConfigSources, over: readonly string[]): string | undefined {
  try {
    const file = configFile(sources);
    const texts = [
      file === undefined ? '' : readFileSync(file, 'latin1'),
      ...over.map((path) => readIfThere(path) ?? ''),
    ];
    return JSON.stringify(texts);
  } catch {
    // Whoever loads them says what is wrong.
    return undefined;
  }
}
