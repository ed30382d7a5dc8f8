import type { Onlooker, Taken } from '../core/taken.ts';

/** Several who look on, as one. */
export class Onlookers implements Onlooker {
  readonly #all: readonly Onlooker[];

  constructor(all: readonly Onlooker[]) {
    this.#all = all;
  }

  get wantsPayloads(): boolean {
    return this.#all.some((one) => one.wantsPayloads);
  }

  taken(taken: Taken): void {
    for (const one of this.#all) one.taken(taken);
  }
}
