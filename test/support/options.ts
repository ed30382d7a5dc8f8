import { loadConfig } from '../../src/config/load.ts';

/** The defaults of every part's options, for tests that set what they are about: no test has to know all keys. */
const defaults = loadConfig({});

export const collectorDefaults = defaults.collector;
export const uplinkDefaults = defaults.uplink;
