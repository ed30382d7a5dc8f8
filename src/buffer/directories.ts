import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectory } from '../lib/sync-directory.ts';

/** Makes a directory whose name survives a power cut. */
export function makeDirectory(directory: string): void {
  if (existsSync(directory)) return;
  mkdirSync(directory, { recursive: true });
  syncDirectory(join(directory, '..'));
}
