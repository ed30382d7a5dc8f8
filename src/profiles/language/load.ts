import { checkPartial, mustBeGiven } from '../../lib/settings/check.ts';
import type { Layer } from '../../lib/settings/layer.ts';
import { pathText, type SchemaNode } from '../../lib/settings/schema-node.ts';
import { parseConfigText } from '../../lib/settings/yaml-file.ts';
import { compileProfile } from './compile.ts';
import type { CompiledProfile } from './compiled.ts';
import { profileFaults } from './faults.ts';
import type { ProfileOptions } from './options.ts';
import schema from './schema.json' with { type: 'json' };

/** The profile language as JSON Schema: written by `npm run generate` from options.ts. */
export const profileNode = schema as SchemaNode;

export interface LoadedProfile {
  readonly options: ProfileOptions;
  readonly compiled: CompiledProfile;
  /** The place of something in the file, as the start of a message. */
  readonly where: Layer['where'];
}

/**
 * Reads a profile's text.
 *
 * @param name `vendor/model`
 * @param file stands before line and column in messages
 * @param codecs names of the codecs that there are
 * @returns the profile, or one line for everything that is wrong with it: `FILE:LINE:COLUMN: what`
 */
export function readProfile(
  text: string,
  name: string,
  file: string,
  codecs: readonly string[],
): LoadedProfile | { readonly errors: readonly string[] } {
  const layer = parseConfigText(text, file);
  if (layer.errors.length > 0) return { errors: layer.errors };
  const { value, problems } = checkPartial(profileNode, layer.value, 'The profile');
  const errors = problems.map((problem) => `${layer.where(problem)}: ${problem.message}`);
  const given = value as Readonly<Record<string, unknown>>;
  for (const key of profileNode.required ?? []) {
    const node = profileNode.properties?.[key];
    if (
      given[key] !== undefined ||
      node === undefined ||
      problems.some(({ path }) => path.length === 0 || path[0] === key)
    )
      continue;
    errors.push(`${layer.where({ path: [], at: 'value' })}: ${mustBeGiven([key], node)}`);
  }
  // What follows from what breaks the schema would only confuse.
  if (errors.length > 0) return { errors };
  const options = value as ProfileOptions;
  for (const { path, message } of profileFaults(options, codecs)) {
    errors.push(`${layer.where({ path, at: 'value' })}: \`${pathText(path)}\` ${message}`);
  }
  if (errors.length > 0) return { errors };
  return { options, compiled: compileProfile(name, options), where: layer.where };
}
