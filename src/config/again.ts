import type { ConfigSources } from './load.ts';
import { loadAgain, remotePath } from './remote.ts';
import type { Config } from './schema.ts';
import { settingsPath } from './settings.ts';
import { textsOf } from './texts.ts';

/** Loads the configuration of a running gateway again, once for each thing that its files say. */
export class LoadedAgain {
  readonly #sources: ConfigSources;
  readonly #dataDir: string;
  #last: { readonly texts: string; readonly config: Config } | undefined;

  constructor(sources: ConfigSources, dataDir: string) {
    this.#sources = sources;
    this.#dataDir = dataDir;
  }

  /** Of what it says now; undefined: that is not known. */
  texts(): string | undefined {
    return textsOf(this.#sources, [settingsPath(this.#dataDir), remotePath(this.#dataDir)]);
  }

  /** @throws {HeadgateError} also when what was set over the file is wrong */
  load(): Config {
    const texts = this.texts();
    if (texts !== undefined && texts === this.#last?.texts) return this.#last.config;
    const config = loadAgain(this.#sources);
    // Where the file names another directory by now, files count that were not looked at.
    this.#last = texts !== undefined && config.dataDir === this.#dataDir ? { texts, config } : undefined;
    return config;
  }
}
