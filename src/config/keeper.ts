import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import { LoadedAgain } from './again.ts';
import { ConfigDesk, type RestartView } from './desk.ts';
import { type ConfigSources, configFile } from './load.ts';
import { RemoteSettings } from './remote.ts';
import type { Config } from './schema.ts';
import { LocalSettings } from './settings.ts';
import { TrialWatch } from './trial-watch.ts';
import { ConfigWatch, type ConfigWatchDependencies } from './watch.ts';

export interface ConfigKeeperDependencies extends Pick<ConfigWatchDependencies, 'onRules' | 'onReread' | 'follow'> {
  /** Where it is read again while the gateway runs; undefined: it stays as it is. */
  readonly sources: ConfigSources | undefined;
  /** The configuration that the gateway was started with. */
  readonly running: Config;
  /** A change that came from the collector is on trial. */
  readonly isOnTrial: () => boolean;
  /** What starts the gateway again, if something does. */
  readonly restart: RestartView & { readonly ask: () => void };
  readonly log: Log;
}

/** All that follows and changes the configuration while the gateway runs, wired together. */
export class ConfigKeeper {
  readonly remote: Pick<RemoteSettings, 'overlay' | 'plan' | 'apply'>;
  readonly desk: ConfigDesk;
  readonly watch: Service | undefined;
  /** To be started when all else has: it takes a start that came so far for a good one. */
  readonly trial: Service;

  constructor({ sources, running, isOnTrial, restart, log, ...handlers }: ConfigKeeperDependencies) {
    const { isPossible, reason } = restart;
    const { dataDir } = running;
    const trial = new TrialWatch({ dataDir, log, restart: isPossible ? () => restart.ask() : undefined });
    this.trial = trial;
    const shared = { running, trial, isOnTrial, restart: { isPossible, reason } };
    if (sources === undefined) {
      this.remote = unchangeable;
      this.desk = new ConfigDesk({ ...shared, remote: this.remote, files: undefined });
      return;
    }
    const again = new LoadedAgain(sources, dataDir);
    const load = (): Config => again.load();
    const watch = new ConfigWatch({
      ...{ file: configFile(sources), running, log },
      load: () => {
        remote.refresh();
        return load();
      },
      ...handlers,
    });
    const reload = (): void => {
      watch.reload();
    };
    const local = new LocalSettings({ sources, dataDir });
    const remote = new RemoteSettings({ sources, running, reload, under: () => [local.layer()] });
    this.remote = remote;
    this.watch = watch;
    this.desk = new ConfigDesk({
      ...{ ...shared, remote },
      files: { sources, load, texts: () => again.texts(), reload, local, waiting: () => watch.waiting },
    });
  }
}

/** Of a gateway that does not know where its configuration came from. */
const unchangeable: Pick<RemoteSettings, 'overlay' | 'plan' | 'apply'> = {
  overlay: () => '',
  plan: () => ({ reason: 'this gateway does not read its configuration again' }),
  apply: () => {},
};
