import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HeadgateError, messageOf } from '../core/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import { machine, machineOf, type Places, readAppliance, theAppliance } from './appliance.ts';
import type { Update, UpdateState } from './update.ts';
import type { ApplianceView } from './view.ts';

export interface DeskDependencies {
  /** Where bundles lie while they are installed: nothing else does. */
  readonly directory: string;
  readonly log: Log;
  /** Default: this machine. */
  readonly places?: Places;
}

/** What was seen of the slots counts for so long, unless an update has come further. */
const freshMs = 10_000;

/** What is asked of root, by a file in {@link Places.requests}: its units look for these names. */
export type MachineRequest = 'restart' | 'factory-reset';

/**
 * Where people at the dashboard look after the machine. What only an appliance needs is loaded when somebody asks for it there; elsewhere
 * everything is answered with `appliance.none`.
 */
export class ApplianceDesk implements Service {
  readonly name = 'appliance';
  readonly #deps: DeskDependencies;
  readonly #places: Places;
  #update: Promise<Update> | undefined;
  #seen: { readonly step: string; readonly atMs: number; readonly view: ApplianceView } | undefined;

  constructor(deps: DeskDependencies) {
    this.#deps = deps;
    this.#places = deps.places ?? machineOf();
  }

  /** A bundle that a process has left which ended in the middle is removed: it takes room from records. */
  async start(): Promise<void> {
    const { directory, log } = this.#deps;
    try {
      if ((await readAppliance(this.#places)) !== undefined) await rm(directory, { recursive: true, force: true });
    } catch (error) {
      // The gateway does its work all the same.
      log.warn({ err: error }, 'What an update has left could not be removed.');
    }
  }

  async stop(): Promise<void> {
    (await this.#update?.catch(() => undefined))?.stop();
  }

  /** @throws {HeadgateError} appliance.none, appliance.failed */
  async view(): Promise<ApplianceView & { readonly update: UpdateState }> {
    const update = (await this.#updates()).state;
    // To ask RAUC takes several processes, and pages ask every few seconds; while it installs it tells nothing anyway.
    const { step } = update;
    const age = performance.now() - (this.#seen?.atMs ?? Number.NEGATIVE_INFINITY);
    if (this.#seen === undefined || this.#seen.step !== step || (age > freshMs && step !== 'installing')) {
      const { viewOf } = await import('./view-of.ts');
      this.#seen = { step, atMs: performance.now(), view: await viewOf(this.#places) };
    }
    return { ...this.#seen.view, update };
  }

  /** It goes on by itself: {@link view} tells how. @throws {HeadgateError} appliance.none, request.invalid, request.conflict */
  async updateFrom(url: string): Promise<UpdateState> {
    const update = await this.#updates();
    this.#leave(update.fromUrl(url));
    return update.state;
  }

  /**
   * @returns when it is there and good; it goes on by itself
   * @throws {HeadgateError} appliance.none, request.conflict, update.refused, update.no-room
   */
  async upload(source: AsyncIterable<Uint8Array>, name: string, totalBytes: number | undefined): Promise<UpdateState> {
    const update = await this.#updates();
    const { installed } = await update.fromUpload(source, name, totalBytes);
    this.#leave(installed);
    return update.state;
  }

  /** @throws {HeadgateError} appliance.none, appliance.failed; request.conflict while an update is written */
  async ask(what: MachineRequest): Promise<void> {
    const update = await this.#updates();
    if (update.isUnderWay) {
      throw new HeadgateError('request.conflict', 'An update is under way: wait until it is done.');
    }
    await askMachine(what, this.#places);
    this.#deps.log.warn({ what }, 'The machine was asked for something that ends this process.');
  }

  /** Made once, when first asked for. */
  async #updates(): Promise<Update> {
    const appliance = await theAppliance(this.#places);
    this.#update ??= (async () => {
      const [{ Update }, { Rauc }] = await Promise.all([import('./update.ts'), import('./rauc.ts')]);
      const { directory, log } = this.#deps;
      let step = '';
      return new Update({
        rauc: new Rauc([this.#places.rauc]),
        appliance,
        directory,
        onState: (state) => {
          if (state.step === step) return;
          step = state.step;
          if (state.step !== 'failed') log.info({ update: state }, 'An update goes on.');
        },
      });
    })();
    return await this.#update;
  }

  /** Nobody waits for it: what goes wrong is in its state, and in the log. */
  #leave(work: Promise<void>): void {
    work.catch((error: HeadgateError) => {
      this.#deps.log.warn({ code: error.code, reason: error.message }, 'An update failed.');
    });
  }
}

/** Asks root's units for something. @throws {HeadgateError} appliance.failed */
export async function askMachine(what: MachineRequest, { requests }: Places = machine): Promise<void> {
  try {
    await mkdir(requests, { recursive: true });
    await writeFile(join(requests, what), '');
  } catch (error) {
    throw new HeadgateError('appliance.failed', `The machine can't be asked for it: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}
