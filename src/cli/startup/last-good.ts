import { join, resolve } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { isOnTrial } from '../../lib/data-directory.ts';
import { readIfThere, writePrivateFile } from '../../lib/private-file.ts';

/** The configuration that a gateway started with, all of it. */
export interface LastGood {
  readonly config: Config;
  /** When it started with it, RFC 3339. */
  readonly at: string;
}

function pathIn(dataDir: string): string {
  return join(resolve(dataDir), 'last-good.json');
}

/** Keeps what the gateway has just started with. @throws {HeadgateError} data.unwritable */
export function saveLastGood(config: Config, environment: NodeJS.ProcessEnv = process.env): void {
  // The version before may not know every key of this one, and would have no safe mode.
  if (isOnTrial(environment)) return;
  const text = `${JSON.stringify({ at: new Date().toISOString(), config })}\n`;
  writePrivateFile(pathIn(config.dataDir), text, 'The configuration for safe mode');
}

/** What was kept; undefined where nothing is, or nothing that this Headgate could start with. */
export function lastGood(dataDir: string): LastGood | undefined {
  try {
    const text = readIfThere(pathIn(dataDir));
    if (text === undefined) return undefined;
    const { at, config } = JSON.parse(text) as { at: unknown; config: unknown };
    if (typeof at !== 'string') return undefined;
    const where = () => pathIn(dataDir);
    return { at, config: loadConfig({ over: [{ value: config, errors: [], where }] }) };
  } catch {
    // Damaged, or of another release: safe mode is not offered then.
    return undefined;
  }
}
