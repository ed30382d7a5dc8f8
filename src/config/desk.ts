import { HeadgateError } from '../core/errors.ts';
import type { SchemaNode } from '../lib/settings/schema-node.ts';
import { describeConfig } from './describe.ts';
import { configNode } from './node.ts';
import type { RemoteSettings } from './remote.ts';
import type { Config } from './schema.ts';

export interface ConfigDeskDependencies {
  /** The configuration that the gateway was started with. */
  readonly running: Config;
  /** The configuration as its files say it now. @throws {HeadgateError} when they are wrong */
  readonly load: () => Config;
  readonly remote: Pick<RemoteSettings, 'overlay' | 'plan' | 'apply'>;
  /** A change that came from the collector is on trial. */
  readonly isOnTrial: () => boolean;
}

/** The configuration as people and programs beside the gateway see it. */
export interface ConfigView {
  /** What holds now, every default filled in; secrets are `***`. */
  readonly config: unknown;
  /** What was set while the gateway ran, by the collector or here, over the file: YAML; empty: nothing. */
  readonly overlay: string;
}

/** Where the configuration is looked at and changed while the gateway runs. */
export class ConfigDesk {
  readonly #deps: ConfigDeskDependencies;

  constructor(deps: ConfigDeskDependencies) {
    this.#deps = deps;
  }

  view(): ConfigView {
    const { running, remote } = this.#deps;
    return { config: describeConfig(configNode, { ...running, rules: this.#rules() }), overlay: remote.overlay() };
  }

  get schema(): SchemaNode {
    return configNode;
  }

  /**
   * Has other rules or another piece of the configuration hold, durably.
   *
   * @param name `rules`: the list under that key; `config`: keys as in the file, as far as they need no restart
   * @param text JSON or YAML; empty: what was set is taken back
   * @throws {HeadgateError} request.invalid with all that is wrong; request.conflict while a change is on trial; data.unwritable
   */
  change(name: 'rules' | 'config', text: string): void {
    const { remote, isOnTrial } = this.#deps;
    if (isOnTrial()) {
      throw new HeadgateError(
        'request.conflict',
        'A configuration from the collector is on trial: wait until it holds.',
        {
          retryAfterSeconds: 30,
        },
      );
    }
    const plan = remote.plan({ name, payload: Buffer.from(text) });
    if ('reason' in plan) throw new HeadgateError('request.invalid', plan.reason);
    if (plan.overlay !== remote.overlay()) remote.apply(plan.overlay);
  }

  #rules(): Config['rules'] {
    try {
      return this.#deps.load().rules;
    } catch {
      // A file that is wrong changes nothing, and the log says so: what it said before is in nobody's memory but the rules'.
      return this.#deps.running.rules;
    }
  }
}
