import builtIn from './built-in.json' with { type: 'json' };
import { type ProfileFiles, readProfiles } from './directory.ts';
import { compileProfile } from './language/compile.ts';
import type { CompiledProfile } from './language/compiled.ts';
import type { ProfileOptions } from './language/options.ts';
import type { DecodeOptions } from './options.ts';

/** A profile as it is known at run time: without its examples. */
export interface Profile {
  readonly options: Omit<ProfileOptions, 'examples'>;
  readonly compiled: CompiledProfile;
  /** Where it is from: `built-in`, or the directory. */
  readonly origin: string;
}

export interface Library {
  /** By name, `vendor/model`. */
  readonly profiles: ReadonlyMap<string, Profile>;
  /** What is wrong in the files of people's own, a line each. */
  readonly errors: readonly string[];
}

/**
 * The profiles that come with Headgate, and those of people's own over them.
 *
 * The built-in ones are read as JSON, which `npm run generate` writes from devices/ once they are checked: the YAML library
 * and seventy files would take longer than all the rest of a start.
 *
 * @param directories of people's own; a profile there replaces one of the same name
 * @param before what was loaded before: of a profile that is wrong now, the version from then stays
 * @throws {HeadgateError} config.unreadable when a directory can't be read
 */
export function loadLibrary(directories: readonly string[] = [], before?: Library): Library {
  const profiles = new Map<string, Profile>();
  for (const [name, options] of Object.entries(builtIn as unknown as Readonly<Record<string, Profile['options']>>)) {
    profiles.set(name, { options, compiled: compileProfile(name, options), origin: 'built-in' });
  }
  const errors: string[] = [];
  for (const directory of directories) {
    const own: ProfileFiles = readProfiles(directory);
    errors.push(...own.errors);
    for (const name of own.wrong) {
      const kept = before?.profiles.get(name);
      if (kept !== undefined) profiles.set(name, kept);
    }
    for (const [name, { options, compiled }] of own.profiles)
      profiles.set(name, { options, compiled, origin: directory });
  }
  return { profiles, errors };
}

export function compiledIn({ profiles }: Library): CompiledProfile[] {
  return [...profiles.values()].map(({ compiled }) => compiled);
}

/** The profiles that a configuration asks for. @throws {HeadgateError} config.unreadable */
export function profilesFor({ profiles, profileDirs }: DecodeOptions, before?: Library): Library {
  return profiles ? loadLibrary(profileDirs, before) : { profiles: new Map(), errors: [] };
}
