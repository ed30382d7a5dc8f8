import { type ConfigSources, loadConfig } from './load.ts';
import { type Loaded, loadWithRemote } from './remote.ts';
import { beginTrial } from './settings-trial.ts';

/** {@link loadWithRemote} for a gateway that is about to start: settings that waited for it are on trial from here on. */
export function loadToStart(sources: ConfigSources): Loaded {
  const trouble = beginTrial(loadConfig(sources).dataDir);
  const loaded = loadWithRemote(sources);
  if (trouble === undefined) return loaded;
  const problem = `It could not be noted that settings are on trial: ${trouble}`;
  return { ...loaded, problem: loaded.problem === undefined ? problem : `${loaded.problem}\n${problem}` };
}
