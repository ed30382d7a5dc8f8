import { type Usage, wrong } from './arguments.ts';

/** Says so at once, and not with the first file that can't be written. @throws {HeadgateError} usage.invalid */
export function asRoot(usage: Usage): void {
  if (process.getuid?.() !== 0)
    throw wrong(usage, 'this changes the machine, so it is for root: put `sudo` before it.');
}
