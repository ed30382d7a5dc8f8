import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HeadgateError, messageOf } from '../core/errors.ts';
import type { Appliance } from './appliance.ts';
import { download, faultOfUrl, shownUrl } from './download.ts';
import type { Rauc } from './rauc.ts';
import { type BundleInfo, compareVersions } from './rauc-text.ts';
import { receive } from './receive.ts';

/** Where an update is. */
export type UpdateState =
  /** None was asked for since the start of whoever is asked. */
  | { readonly step: 'idle' }
  /** The bundle comes in. */
  | { readonly step: 'receiving'; readonly from: string; readonly bytes: number; readonly totalBytes: number | null }
  /** It is whole: is it from whom it should be, and for this machine? */
  | { readonly step: 'verifying'; readonly from: string }
  /** RAUC writes it to the slot that does not run. */
  | ({ readonly step: 'installing'; readonly percent: number } & Installed)
  /** Done: the machine's next start is its first. */
  | ({ readonly step: 'installed' } & Installed)
  /** Nothing changed for the version that runs. */
  | { readonly step: 'failed'; readonly from: string; readonly error: HeadgateError };

interface Installed {
  readonly from: string;
  readonly version: string;
  /** Than the one that runs. It is installed all the same: somebody wants to go back. */
  readonly isOlder: boolean;
}

export interface UpdateDependencies {
  readonly rauc: Pick<Rauc, 'status' | 'info' | 'install'>;
  readonly appliance: Appliance;
  /** Where a bundle lies that is not a file of this machine's yet: nothing else does. */
  readonly directory: string;
  readonly onState?: (state: UpdateState) => void;
}

/** Updates, one at a time. */
export class Update {
  readonly #deps: UpdateDependencies;
  #state: UpdateState = { step: 'idle' };
  readonly #ended = new AbortController();

  constructor(deps: UpdateDependencies) {
    this.#deps = deps;
  }

  get state(): UpdateState {
    return this.#state;
  }

  get isUnderWay(): boolean {
    return ['receiving', 'verifying', 'installing'].includes(this.#state.step);
  }

  /** What a process that ended in the middle has left is not needed: each update begins anew. */
  async clean(): Promise<void> {
    await rm(this.#deps.directory, { recursive: true, force: true });
  }

  /** What is downloaded is given up; what is installed goes on without us. */
  stop(): void {
    this.#ended.abort();
  }

  /**
   * @returns what to wait for until it is installed
   * @throws {HeadgateError} request.invalid for what is no address; request.conflict while another one is under way
   */
  fromUrl(url: string): Promise<void> {
    const fault = faultOfUrl(url);
    if (fault !== undefined) throw new HeadgateError('request.invalid', fault);
    const from = shownUrl(url);
    this.#begin({ step: 'receiving', from, bytes: 0, totalBytes: null });
    return this.#followed(from, async () => {
      const path = await this.#newFile();
      try {
        await download(url, path, {
          signal: this.#ended.signal,
          onBytes: (bytes, totalBytes) =>
            this.#enter({ step: 'receiving', from, bytes, totalBytes: totalBytes ?? null }),
        });
        await this.#install(path, from, await this.#verify(path, from));
      } finally {
        await rm(path, { force: true });
      }
    });
  }

  /**
   * @param name what it is called where it comes from
   * @param totalBytes as its sender says; undefined when that says nothing
   * @returns once it is there and good: what to wait for until it is installed
   * @throws {HeadgateError} request.conflict while another one is under way; update.refused, update.no-room
   */
  async fromUpload(
    source: AsyncIterable<Uint8Array>,
    name: string,
    totalBytes: number | undefined,
  ): Promise<{ readonly installed: Promise<void> }> {
    this.#begin({ step: 'receiving', from: name, bytes: 0, totalBytes: totalBytes ?? null });
    let path: string | undefined;
    try {
      const ready = await this.#followed(name, async () => {
        path = await this.#newFile();
        await this.#take(source, path, name, totalBytes);
        return { path, bundle: await this.#verify(path, name) };
      });
      const installed = this.#followed(name, async () => {
        try {
          await this.#install(ready.path, name, ready.bundle);
        } finally {
          await rm(ready.path, { force: true });
        }
      });
      return { installed };
    } catch (error) {
      if (path !== undefined) await rm(path, { force: true });
      throw error;
    }
  }

  /** A file of this machine's, which stays where it is. @throws {HeadgateError} as the other ways */
  async fromFile(path: string): Promise<void> {
    this.#begin({ step: 'verifying', from: path });
    await this.#followed(path, async () => await this.#install(path, path, await this.#verify(path, path)));
  }

  async #take(
    source: AsyncIterable<Uint8Array>,
    path: string,
    from: string,
    totalBytes: number | undefined,
  ): Promise<void> {
    const onBytes = (bytes: number) => this.#enter({ step: 'receiving', from, bytes, totalBytes: totalBytes ?? null });
    let bytes: number;
    try {
      bytes = await receive(source, path, { from: 0, totalBytes, onBytes });
    } catch (error) {
      if (error instanceof HeadgateError) throw error;
      throw new HeadgateError('update.refused', `The upload broke off: ${messageOf(error)}.`, { cause: error });
    }
    if (totalBytes !== undefined && bytes < totalBytes)
      throw new HeadgateError('update.refused', `The upload broke off after ${bytes} of ${totalBytes} bytes.`);
  }

  async #verify(path: string, from: string): Promise<BundleInfo> {
    this.#enter({ step: 'verifying', from });
    const { rauc } = this.#deps;
    const status = await rauc.status();
    if (status === undefined) {
      throw new HeadgateError('request.conflict', 'Another update is being installed: wait until it is done.');
    }
    return await rauc.info(path, status.compatible);
  }

  async #install(path: string, from: string, { version }: BundleInfo): Promise<void> {
    const isOlder = compareVersions(version, this.#deps.appliance.version) < 0;
    const installed = { from, version, isOlder };
    this.#enter({ step: 'installing', percent: 0, ...installed });
    await this.#deps.rauc.install(path, (percent) => this.#enter({ step: 'installing', percent, ...installed }));
    this.#enter({ step: 'installed', ...installed });
  }

  async #newFile(): Promise<string> {
    const { directory } = this.#deps;
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
    } catch (error) {
      const message = `${directory} can't be made: ${messageOf(error)}.`;
      throw new HeadgateError('update.failed', message, { cause: error });
    }
    return join(directory, `${randomUUID()}.raucb`);
  }

  #begin(state: UpdateState): void {
    if (this.isUnderWay) {
      throw new HeadgateError('request.conflict', 'Another update is under way: wait until it is done.');
    }
    this.#enter(state);
  }

  async #followed<T>(from: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const known = error instanceof HeadgateError ? error : unexpected(error);
      this.#enter({ step: 'failed', from, error: known });
      throw known;
    }
  }

  #enter(state: UpdateState): void {
    this.#state = state;
    this.#deps.onState?.(state);
  }
}

function unexpected(error: unknown): HeadgateError {
  return new HeadgateError('update.failed', `It could not be installed: ${messageOf(error)}.`, { cause: error });
}
