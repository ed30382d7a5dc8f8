import { join } from 'node:path';
import { type Child, startChild } from './children.ts';
import { within } from './wait.ts';

/** Bare aedes in a process of its own. */
export async function startAedes(): Promise<Child & { readonly port: number }> {
  let listens: (port: number) => void = () => {};
  const listening = new Promise<number>((resolve) => {
    listens = resolve;
  });
  const script = join(import.meta.dirname, '..', 'peers', 'aedes.ts');
  const child = await startChild('aedes', process.execPath, [script], { onLine: (line) => listens(Number(line)) });
  const port = await within('aedes to listen', 15_000, Promise.race([listening, child.failed]));
  return { ...child, port };
}
