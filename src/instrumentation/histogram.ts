/** Times by bucket, in Prometheus' text form: filled from the start, without the library that a scrape loads. */
export class Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #seconds = 0;
  #total = 0;

  /** @param bounds upper bounds in seconds, ascending */
  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name;
    this.#help = help;
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length).fill(0);
  }

  observe(seconds: number): void {
    const at = this.#bounds.findIndex((bound) => seconds <= bound);
    if (at !== -1) this.#counts[at]!++;
    this.#seconds += seconds;
    this.#total++;
  }

  text(): string {
    const name = this.#name;
    const lines = [`# HELP ${name} ${this.#help}`, `# TYPE ${name} histogram`];
    let below = 0;
    for (const [index, bound] of this.#bounds.entries()) {
      below += this.#counts[index]!;
      lines.push(`${name}_bucket{le="${bound}"} ${below}`);
    }
    lines.push(
      `${name}_bucket{le="+Inf"} ${this.#total}`,
      `${name}_sum ${this.#seconds}`,
      `${name}_count ${this.#total}`,
    );
    return `${lines.join('\n')}\n`;
  }
}
