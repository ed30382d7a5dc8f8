import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { HeadgateError } from '../core/errors.ts';
import { ensureDirectory } from '../lib/ensure-directory.ts';
import { readIfThere, removeFile, writePrivateFile } from '../lib/private-file.ts';
import type { DecodeOptions } from './options.ts';
import { checkProfileName, isProfileName, type ProfileFault, readDraft } from './workbench.ts';

/** More than anybody has devices of; each is compiled with every start. */
const maxProfiles = 500;

/** Where profiles are kept that people make in the dashboard. */
export function ownDirectory(dataDir: string): string {
  return join(resolve(dataDir), 'profiles');
}

/** The options with that directory behind those that are configured, once there is one. */
export function withOwn({
  decode,
  dataDir,
}: {
  readonly decode: DecodeOptions;
  readonly dataDir: string;
}): DecodeOptions {
  const own = ownDirectory(dataDir);
  return existsSync(own) ? { ...decode, profileDirs: [...decode.profileDirs, own] } : decode;
}

/** The profiles that people make while the gateway runs: files under its data directory. */
export class OwnProfiles {
  readonly directory: string;

  /** @param dataDir the gateway's */
  constructor(dataDir: string) {
    this.directory = ownDirectory(dataDir);
  }

  /** Its text, comments and all; undefined: it is not one of these. */
  text(name: string): string | undefined {
    return isProfileName(name) ? readIfThere(this.#fileOf(name)) : undefined;
  }

  /**
   * Writes a profile, durably; one of this name that there is already is replaced.
   *
   * @returns the file
   * @throws {HeadgateError} request.invalid with `faults` by `line:column`, request.conflict, data.unwritable, data.full
   */
  save(name: string, text: string): string {
    checkProfileName(name);
    const draft = readDraft(name, text);
    if ('faults' in draft) throw new HeadgateError('request.invalid', 'The profile is not right.', faultsOf(draft));
    const file = this.#fileOf(name);
    if (!existsSync(file) && this.#count() >= maxProfiles)
      throw new HeadgateError(
        'request.conflict',
        `There are ${maxProfiles} profiles in ${this.directory} already: remove some.`,
      );
    ensureDirectory(join(file, '..'), 'The directory of profiles');
    writePrivateFile(file, text, 'The profile');
    return file;
  }

  /** @returns whether it was there @throws {HeadgateError} data.unwritable */
  remove(name: string): boolean {
    if (this.text(name) === undefined) return false;
    removeFile(this.#fileOf(name));
    return true;
  }

  #fileOf(name: string): string {
    return join(this.directory, `${name}.yaml`);
  }

  #count(): number {
    if (!existsSync(this.directory)) return 0;
    return readdirSync(this.directory, { recursive: true }).filter((one) => String(one).endsWith('.yaml')).length;
  }
}

function faultsOf({ faults }: { readonly faults: readonly ProfileFault[] }) {
  return { faults: faults.map(({ line, column, message }) => ({ key: `${line}:${column}`, message })) };
}
