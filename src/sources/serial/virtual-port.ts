import { readlink, realpath } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';

/**
 * Whether a path is a port that a program makes: a pseudo-terminal that was given a name by a link, as socat's `PTY,link=` and clients of
 * RFC 2217 do. Not one under its own name, nor by the links that /proc has: those may be terminals that people type at.
 */
export async function isVirtualPort(path: string): Promise<boolean> {
  if (!isAbsolute(path)) return false;
  try {
    const isTerminal = /^\/dev\/pts\/\d+$/.test(await readlink(path));
    return isTerminal && !(await realpath(dirname(path))).startsWith('/proc/');
  } catch {
    // There is nothing, or it is no link.
    return false;
  }
}
