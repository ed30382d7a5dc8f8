import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** What was set at a gateway, as it lies in its data directory. Its identity is not: two gateways would be one. */
const files = ['settings.yaml', 'settings-trial.json', 'remote.yaml'];
/** With profiles that were made in the dashboard, in folders by their vendors. */
const folder = 'profiles';

/** What a backup holds beside the buffer, one file at a time; paths are below the data directory. What was just removed is left out. */
export async function* setFiles(dataDir: string): AsyncGenerator<{ readonly path: string; readonly content: Buffer }> {
  for (const path of [...files, ...(await profilesIn(dataDir))]) {
    const content = await readFile(join(dataDir, path)).catch(unlessGone);
    if (content !== undefined) yield { path, content };
  }
}

async function profilesIn(dataDir: string): Promise<string[]> {
  const root = join(dataDir, folder);
  const found = await readdir(root, { recursive: true, withFileTypes: true }).catch(unlessGone);
  return (found ?? [])
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dataDir, join(entry.parentPath, entry.name)))
    .filter((path) => /^profiles\/[a-z0-9][a-z0-9._-]*\/[a-z0-9][a-z0-9._-]*\.yaml$/.test(path))
    .sort();
}

function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
