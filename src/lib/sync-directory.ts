import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Makes durable which files a directory holds: their names are not, when only they themselves were synced. */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
