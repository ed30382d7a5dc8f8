import { HeadgateError } from '../../core/errors.ts';
import type { Layer } from '../../lib/settings/layer.ts';
import { compacted, isTree, without } from './tree.ts';

type Tree = Readonly<Record<string, unknown>>;

/**
 * What is said of the gateway's configuration, without the sections that do not go together with the rest of it, and a line for each
 * thing that is wrong.
 *
 * @param where the place of a key in the file, whose part this is under `gateway`
 * @param check throws `config.invalid`
 */
export function gatewayPart(
  given: unknown,
  where: Layer['where'],
  check: (layer: Layer) => void,
): { readonly value: Tree; readonly lines: readonly string[] } {
  const lines: string[] = [];
  let value: Tree = isTree(given) ? given : {};
  if (Object.hasOwn(value, 'dataDir')) {
    const place = where({ path: ['gateway', 'dataDir'], at: 'key' });
    lines.push(`${place}: \`gateway.dataDir\` can't be set: an appliance keeps its data on its data partition.`);
    value = compacted(without(value, ['dataDir'])) as Tree;
  }
  // Each round takes out the sections that something is wrong with; what is left over last is right, or nothing.
  while (Object.keys(value).length > 0) {
    const layer: Layer = { value, errors: [], where: ({ path, at }) => where({ path: ['gateway', ...path], at }) };
    try {
      check(layer);
      return { value, lines };
    } catch (error) {
      if (!(error instanceof HeadgateError) || error.code !== 'config.invalid') throw error;
      lines.push(...error.message.split('\n'));
      const sections = new Set((error.faults ?? []).map(({ key }) => key.split(/[.[]/)[0]));
      const kept = Object.entries(value).filter(([key]) => !sections.has(key));
      // Where it is not told which, none of it is trusted.
      value = kept.length === Object.keys(value).length ? {} : Object.fromEntries(kept);
    }
  }
  return { value: {}, lines };
}
