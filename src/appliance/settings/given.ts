import { checkPartial } from '../../lib/settings/check.ts';
import type { Layer } from '../../lib/settings/layer.ts';
import { pathText, type SchemaNode } from '../../lib/settings/schema-node.ts';
import { guessConfigText, parseConfigText } from '../../lib/settings/yaml-file.ts';
import { gatewayPart } from './gateway-part.ts';
import { machineFaults, type Surroundings } from './machine-faults.ts';
import type { Settings } from './options.ts';
import schema from './schema.json' with { type: 'json' };
import { compacted, isTree, without } from './tree.ts';

/** Something that was asked for and is not done. */
export interface Trouble {
  /** `problem`: it is wrong, somebody has to mend it. `note`: it is right, but nothing that this machine does. */
  readonly kind: 'problem' | 'note';
  /** A line with its place: `headgate.yaml:3:9: …`. */
  readonly text: string;
}

/** What a file asks for, as far as it is right, and what of it is not. */
export interface Given {
  readonly settings: Settings;
  readonly troubles: readonly Trouble[];
  /** Whether the text is YAML at all. */
  readonly isReadable: boolean;
}

/** What has to be known to judge settings, and is no part of them. */
export interface Judge extends Surroundings {
  /** The gateway's own schema. */
  readonly gateway: SchemaNode;
  /**
   * Finds what is wrong with the gateway's configuration when these keys are laid over the appliance's own: nothing, or it
   * throws `config.invalid` with a line and a fault for each thing.
   */
  readonly checkGateway: (layer: Layer) => void;
}

/**
 * Reads the settings on the boot partition. Whatever is right of them is returned: a slip of the finger must not keep a machine
 * from coming up. Pure but for what `judge` asks.
 *
 * @param name of the file, for messages
 */
export function readSettings(text: string, name: string, judge: Judge): Given {
  const layer = parseConfigText(text, name);
  const isReadable = layer.errors.length === 0;
  // Where one line keeps the text from being read, what the others seem to say is better than nothing.
  const said = isReadable ? layer.value : guessConfigText(text);
  const where: Layer['where'] = isReadable ? layer.where : () => name;
  const { settings, troubles } = judgedSettings(said, where, judge);
  return {
    settings,
    // What else is wrong with a text of which a part is guessed would only confuse.
    troubles: isReadable ? troubles : layer.errors.map((text) => ({ kind: 'problem', text })),
    isReadable,
  };
}

/** What is right of settings, and what is not. @param where the place of a key, as the start of a message */
export function judgedSettings(said: unknown, where: Layer['where'], judge: Judge): Omit<Given, 'isReadable'> {
  const root = schema as SchemaNode;
  const all: SchemaNode = { ...root, properties: { ...root.properties, gateway: judge.gateway } };
  const { value, problems } = checkPartial(all, said, 'The file');
  const lines = problems.map((one) => `${where(one)}: ${one.message}`);
  let own: unknown = value;
  for (const { path, message } of machineFaults(value as Settings, judge)) {
    lines.push(`${where({ path, at: 'value' })}: \`${pathText(path)}\` ${message}`);
    own = without(own, path);
  }
  // The gateway reads its part itself: as it was written, but for what is wrong.
  let gateway: unknown = isTree(said) ? said.gateway : undefined;
  for (const { path } of problems) if (path[0] === 'gateway') gateway = without(gateway, path.slice(1));
  const part = gatewayPart(compacted(gateway), where, judge.checkGateway);
  return {
    settings: { ...(compacted(own) as Settings), gateway: part.value },
    troubles: [...lines, ...part.lines].map((text) => ({ kind: 'problem', text })),
  };
}
