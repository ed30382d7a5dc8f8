import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HeadgateError, messageOf } from '../core/errors.ts';

const prefix = 'credential:';

/**
 * The path of a file that the configuration names: as it is, or, when it is written `credential:NAME`, that of a credential
 * which systemd hands to the service (`LoadCredential=`).
 *
 * @param key of the configuration, for the message
 * @throws {HeadgateError} config.invalid when there are no credentials here
 */
export function secretPath(named: string, key: string): string {
  if (!named.startsWith(prefix)) return named;
  const name = named.slice(prefix.length);
  const directory = process.env.CREDENTIALS_DIRECTORY;
  if (directory === undefined) {
    throw new HeadgateError(
      'config.invalid',
      `\`${key}\` is ${named}, but systemd hands no credentials to this process: its unit needs LoadCredential=${name}:PATH.`,
    );
  }
  if (!/^[^/]+$/.test(name) || name === '..')
    throw new HeadgateError('config.invalid', `\`${key}\` is ${named}, which is no name of a credential.`);
  return join(directory, name);
}

/**
 * The content of a file that the configuration names, see {@link secretPath}.
 *
 * @param key of the configuration, for the message
 * @throws {HeadgateError} config.invalid, config.unreadable
 */
export function readSecret(named: string, key: string): string {
  const path = secretPath(named, key);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new HeadgateError('config.unreadable', `\`${key}\`: ${path} can't be read: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

/** Changes when the file does, also when another one is put in its place; a file that is not there has one of its own. */
export function stampOf(path: string): string {
  try {
    // Whoever may read it changes without its content: the time of that is the only one that tells.
    const { mtimeMs, ctimeMs, size, ino } = statSync(path);
    return `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
  } catch {
    // It can't be looked at: whoever reads it is told why.
    return 'none';
  }
}
