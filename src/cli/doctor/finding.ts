/** Something that was looked at. */
export interface Finding {
  /** What was looked at: `Disk`. */
  readonly about: string;
  /**
   * `well`: as it should be. `wrong`: the gateway does its work, and something is not as it should be. `broken`: it can't do its work, or
   * keep its promise.
   */
  readonly state: 'well' | 'wrong' | 'broken';
  /** What was found, in a sentence. */
  readonly says: string;
  /** What to do; not where all is well. */
  readonly todo?: string;
}

const marks = { well: '✔', wrong: '!', broken: '✖' } as const;

/** For people, what is broken last, where they look first. */
export function findingsText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ about }) => about.length));
  const order = ['well', 'wrong', 'broken'];
  const sorted = findings.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  return sorted
    .map(({ about, state, says, todo }) => {
      const line = `${marks[state]} ${about.padEnd(width)}  ${says}`;
      return todo === undefined ? line : `${line}\n  ${' '.repeat(width)}  → ${todo}`;
    })
    .join('\n');
}
