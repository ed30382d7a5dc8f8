import { HeadgateError } from '../core/errors.ts';
import type { Shelf } from '../core/shelf.ts';
import type { UnixMs } from '../core/time.ts';

/** What is gone through once in a browser, in this order. */
export const firstRunSteps = ['password', 'name', 'upstream', 'sensor', 'summary'] as const;
export type FirstRunStep = (typeof firstRunSteps)[number];

/** `open`: it is still to be done. `done`: it was, here or by other means. `skipped`: somebody wants it later, or not at all. */
export type StepState = 'open' | 'done' | 'skipped';

export interface StepReport {
  readonly step: FirstRunStep;
  readonly state: StepState;
  /** When somebody said so, ISO 8601 in UTC; null: nobody did. */
  readonly at: string | null;
}

export interface FirstRunStatus {
  /** There is nothing more to be gone through: also where the gateway was set up without a browser. */
  readonly isDone: boolean;
  /** The first step that is open; null when it is done. */
  readonly next: FirstRunStep | null;
  readonly steps: readonly StepReport[];
}

export interface FirstRunDependencies {
  readonly shelf: Shelf;
  readonly now: () => UnixMs;
  readonly hasPeople: () => boolean;
  /** A collector elsewhere is configured. */
  readonly hasUpstream: () => boolean;
  /** Some device was heard. */
  readonly hasDevices: () => boolean;
}

const space = 'first-run.steps';
/** Kept as a step is: the first administrator was made by a browser, so that the steps after it are to be gone through as well. */
const begun = 'begun';

interface Noted {
  readonly state: StepState;
  readonly atMs: UnixMs;
}

/**
 * How far the first run has come. What is noted is durable before it is answered, so whoever comes back, after a restart or in
 * another browser, goes on where it was left. The gateway works all the while, and waits for none of it.
 */
export class FirstRun {
  readonly #deps: FirstRunDependencies;
  readonly #noted = new Map<string, Noted>();

  constructor(deps: FirstRunDependencies) {
    this.#deps = deps;
  }

  /** @throws {HeadgateError} buffer.failed when the shelf can't be read */
  async load(): Promise<void> {
    for (const [key, value] of await this.#deps.shelf.entries(space)) {
      const found = notedIn(value);
      if (found !== undefined) this.#noted.set(key, found);
    }
  }

  /** A browser is about to make the first administrator: durable no later than they are. */
  begin(): void {
    if (!this.#deps.hasPeople() && !this.#noted.has(begun)) this.#put(begun, 'done');
  }

  status(): FirstRunStatus {
    const steps = firstRunSteps.map((step) => this.#reportOf(step));
    const summary = this.#noted.get('summary')?.state ?? 'open';
    // Who was set up by the command line, or by a version that knew no steps, has none to go through.
    const isDone = summary !== 'open' || (this.#deps.hasPeople() && !this.#noted.has(begun));
    const next = isDone ? null : (steps.find(({ state }) => state === 'open')?.step ?? null);
    return { isDone, next, steps };
  }

  /**
   * Notes what became of a step; durable when it resolves.
   *
   * @throws {HeadgateError} request.conflict for the password, which is done by making the first administrator; buffer.failed
   */
  async note(step: FirstRunStep, state: StepState): Promise<FirstRunStatus> {
    if (step === 'password')
      throw new HeadgateError(
        'request.conflict',
        '`password` is done by making the first administrator: `POST /api/v1/setup`.',
      );
    this.#put(step, state);
    await this.#deps.shelf.saved();
    return this.status();
  }

  #put(key: string, state: StepState): void {
    const noted = { state, atMs: this.#deps.now() };
    this.#noted.set(key, noted);
    this.#deps.shelf.put(space, key, Buffer.from(JSON.stringify(noted)));
  }

  #reportOf(step: FirstRunStep): StepReport {
    const noted = this.#noted.get(step);
    if (noted !== undefined && noted.state !== 'open')
      return { step, state: noted.state, at: new Date(noted.atMs).toISOString() };
    return { step, state: this.#isDoneAnyway(step) ? 'done' : 'open', at: null };
  }

  /** Whether it was done without a word said here. */
  #isDoneAnyway(step: FirstRunStep): boolean {
    switch (step) {
      case 'password':
        return this.#deps.hasPeople();
      case 'upstream':
        return this.#deps.hasUpstream();
      case 'sensor':
        return this.#deps.hasDevices();
      case 'name':
      case 'summary':
        return false;
    }
  }
}

/** Undefined: it was not written by this version, or is damaged; the step is open then. */
function notedIn(value: Uint8Array): Noted | undefined {
  try {
    const { state, atMs } = JSON.parse(Buffer.from(value).toString()) as Partial<Noted>;
    const isState = state === 'open' || state === 'done' || state === 'skipped';
    return isState && Number.isSafeInteger(atMs) ? { state, atMs: atMs! } : undefined;
  } catch {
    // As good as never noted: nothing but a click is lost.
    return undefined;
  }
}
