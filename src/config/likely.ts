import { readFileSync } from 'node:fs';
import { checkPartial } from '../lib/settings/check.ts';
import { merge } from '../lib/settings/layer.ts';
import { guessConfigText } from '../lib/settings/yaml-file.ts';
import { type ConfigSources, configFile, defaultsOf } from './load.ts';
import { configNode } from './node.ts';
import { fromEnvironment, fromSettings } from './overrides.ts';
import type { Config } from './schema.ts';

/**
 * What a configuration that is not right seems to say: what can be read of it, over the defaults. Good enough to find the gateway's
 * port by, not to run a gateway with. Never throws.
 */
export function likelyConfig(sources: ConfigSources): Config {
  const file = configFile(sources);
  const said = [
    file === undefined ? {} : guessConfigText(readable(file)),
    fromEnvironment(configNode, sources.environment ?? {}).value,
    fromSettings(configNode, sources.settings ?? []).value,
  ];
  return said.reduce(
    (config, one) => merge(config, checkPartial(configNode, one).value),
    defaultsOf(configNode),
  ) as Config;
}

function readable(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Whoever loads the configuration says so.
    return '';
  }
}
