/**
 * Every numbered format of files under a data directory. `newest` is what this program writes; `first` is what the first version wrote
 * that ran on trial, and so what every version that a machine may go back to reads.
 *
 * A new format gets a higher `newest` here, and its store a step that leads to it. A store asks {@link formatToWrite} what to write, never this
 * table: while a version is on trial, what it leaves behind has to be read by the version before. What has no number (JSON on the
 * shelf and in files, YAML, PEM) only gains members, which older versions pass over.
 */
export const formats = {
  /** `buffer/head.db` */
  head: { newest: 2, first: 2 },
  /** Segments of lanes. */
  segment: { newest: 2, first: 2 },
  /** `buffer/shelf.db` */
  shelf: { newest: 1, first: 1 },
  /** `history/history.db` */
  history: { newest: 1, first: 1 },
  /** The tables of a `sqlite:` sink. */
  records: { newest: 5, first: 5 },
  /** What a `file:` sink remembers beside its file. */
  progress: { newest: 1, first: 1 },
  /** What a collector keeps of its own. */
  state: { newest: 1, first: 1 },
} as const satisfies Readonly<Record<string, { readonly newest: number; readonly first: number }>>;

export type FormatName = keyof typeof formats;

/** Threads and processes that a gateway starts inherit it: `head=2 segment=2 …`, what must not be exceeded. */
export const heldVariable = 'HEADGATE_HELD_FORMATS';

type Environment = Readonly<Record<string, string | undefined>>;

/** The format to write files in: the newest, unless an older one is held. */
export function formatToWrite(name: FormatName, environment: Environment = process.env): number {
  const { newest } = formats[name];
  const [, held] = new RegExp(`\\b${name}=(\\d{1,6})\\b`).exec(environment[heldVariable] ?? '') ?? [];
  return held === undefined ? newest : Math.min(newest, Number(held));
}

/** What is held on trial, given what the version before is noted to have written. */
export function heldText(noted: Readonly<Record<string, unknown>>): string {
  return Object.entries(formats)
    .map(([name, { first }]) => {
      const written = noted[name];
      return `${name}=${Number.isSafeInteger(written) && (written as number) >= first ? written : first}`;
    })
    .join(' ');
}

/** A database, as far as it has a format. */
interface Formatted {
  pragma(text: string, options?: { readonly simple: true }): unknown;
  exec(sql: string): unknown;
  transaction(work: () => void): () => void;
}

/**
 * Brings a database's tables to the format to write, in one transaction; 0 is a new one. What is in a later format already stays as it is.
 * @param steps what leads from each format to the next, the first of them to format 1
 */
export function bringUp(db: Formatted, name: FormatName, steps: readonly string[], to = formatToWrite(name)): void {
  const found = db.pragma('user_version', { simple: true }) as number;
  if (found >= to) return;
  db.transaction(() => {
    for (const step of steps.slice(found, to)) db.exec(step);
    db.pragma(`user_version = ${to}`);
  })();
}
