/** What all devices together may keep of something. */
export class Budget {
  readonly #max: number;
  #used = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** @returns false, and nothing is taken, when it would be too much */
  take(amount: number): boolean {
    if (this.#used + amount > this.#max) return false;
    this.#used += amount;
    return true;
  }

  giveBack(amount: number): void {
    this.#used -= amount;
  }
}

export interface Budgets {
  /** Newest values, counted. */
  readonly values: Budget;
  /** Topics and attributes, in characters. They are on the shelf too, which is for megabytes. */
  readonly texts: Budget;
}

export function usualBudgets(): Budgets {
  return { values: new Budget(100_000), texts: new Budget(8_000_000) };
}
