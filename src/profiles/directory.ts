import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { HeadgateError, messageOf } from '../core/errors.ts';
import { codecs } from './codecs/codecs.ts';
import { type LoadedProfile, readProfile } from './language/load.ts';

/** Profiles in a directory, `<vendor>/<model>.yaml`, by name; and one line for everything that is wrong in them. */
export interface ProfileFiles {
  readonly profiles: ReadonlyMap<string, LoadedProfile>;
  readonly errors: readonly string[];
  /** Names of those that are left out because something is wrong in them. */
  readonly wrong: readonly string[];
}

/** Reads one file. @param name `vendor/model` @param shown the file's name in messages */
export function readProfileFile(path: string, name: string, shown: string): ReturnType<typeof readProfile> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    return { errors: [`${shown}:1:1: The profile can't be read: ${messageOf(error)}.`] };
  }
  return readProfile(text, name, shown, [...codecs.keys()]);
}

/**
 * Reads every profile in a directory and in its folders.
 *
 * @throws {HeadgateError} config.unreadable when the directory can't be read
 */
export function readProfiles(directory: string, shown = directory): ProfileFiles {
  const profiles = new Map<string, LoadedProfile>();
  const errors: string[] = [];
  const wrong: string[] = [];
  for (const path of profilesIn(directory)) {
    const file = relative(directory, path);
    const read = readProfileFile(path, nameOf(file), join(shown, file));
    if ('errors' in read) {
      errors.push(...read.errors);
      wrong.push(nameOf(file));
    } else profiles.set(nameOf(file), read);
  }
  return { profiles, errors, wrong };
}

/** `vendor/model.yaml` → `vendor/model`. */
export function nameOf(file: string): string {
  return file
    .replace(/\.ya?ml$/, '')
    .split(sep)
    .join('/');
}

/**
 * A directory's own files, so that a vendor's can be tested by itself, and those of its folders: no deeper, for somebody may name a
 * directory that holds much else. What is hidden is nobody's profile: editors and Kubernetes keep copies there.
 */
function profilesIn(directory: string): string[] {
  try {
    return namesIn(directory)
      .flatMap((name) => {
        const path = join(directory, name);
        // Not by the entry's own type: what is mounted into a container is often a link.
        const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
        return isFolder ? namesIn(path).map((inner) => join(path, inner)) : [path];
      })
      .filter((path) => /\.ya?ml$/.test(path) && statSync(path, { throwIfNoEntry: false })?.isFile())
      .sort();
  } catch (error) {
    throw new HeadgateError('config.unreadable', `The profiles in ${directory} can't be read: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

function namesIn(directory: string): string[] {
  return readdirSync(directory).filter((name) => !name.startsWith('.'));
}
