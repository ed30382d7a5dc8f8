import { once } from 'node:events';

/** Where a verb writes, and what it is told by its surroundings. Tests hand in their own. */
export interface Terminal {
  /** What the verb was asked for. Takes whole lines without their line feed. */
  readonly out: (text: string) => void;
  /** What went wrong, and anything else that is not the answer. */
  readonly err: (text: string) => void;
  /** Resolves when `out` may go on: a reader that is slower than we are must not fill our memory. Absent: at once. */
  readonly drained?: () => Promise<void>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export const processTerminal: Terminal = {
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
  drained: async () => {
    if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
  },
  environment: process.env,
};
