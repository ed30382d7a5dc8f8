import { resolve } from 'node:path';
import { type ConfigSources, loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { Terminal } from './terminal.ts';

/** The options of every verb that reads the configuration. */
export const configOptions = {
  config: {
    value: 'FILE',
    about: 'The configuration file (YAML). Without it HEADGATE_CONFIG names one, or there is none.',
  },
  set: { value: 'KEY=VALUE', multiple: true, about: 'Set a key, as in --set mqtt.port=1884. May be repeated.' },
} as const;

interface ConfigValues {
  readonly config: string | undefined;
  readonly set: readonly string[];
}

export function sourcesOf(values: ConfigValues, terminal: Terminal): ConfigSources {
  return { file: values.config, settings: values.set, environment: terminal.environment };
}

export function configOf(values: ConfigValues, terminal: Terminal): Config {
  return loadConfig(sourcesOf(values, terminal));
}

/** Where collected records are when nobody says otherwise. */
export function usualSink(dataDir: string): string {
  return `sqlite:${resolve(dataDir, 'collector', 'records.db')}`;
}
