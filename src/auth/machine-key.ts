import { createHmac } from 'node:crypto';
import { isSame } from './secrets.ts';

/** The file with the key of this machine's own command line, in the directory of what only the gateway's user may read. */
export const machineKeyFile = 'machine-key';
export const machineScheme = 'Headgate-Machine';

/** How old what is signed may be: both ends have the same clock. */
const toleranceMs = 30_000;

/**
 * What the command line shows of the key: not the key itself, as whoever listens on a port of this machine need not be the gateway, but a
 * signature of this one request, `Headgate-Machine TIME.SIGNATURE`.
 *
 * @param path with its query
 */
export function signRequest(key: string, method: string, path: string, nowMs: number): string {
  return `${machineScheme} ${nowMs}.${signature(key, method, path, nowMs)}`;
}

/** Whether what was shown is a signature of this request by who can read the key, made just now. */
export function isSigned(key: string, shown: string, method: string, path: string, nowMs: number): boolean {
  const [, time, mac] = /^(\d{1,16})\.([A-Za-z0-9_-]{43})$/.exec(shown) ?? [];
  if (time === undefined || mac === undefined || Math.abs(nowMs - Number(time)) > toleranceMs) return false;
  return isSame(mac, signature(key, method, path, Number(time)));
}

function signature(key: string, method: string, path: string, time: number): string {
  return createHmac('sha256', key).update(`${time} ${method} ${path}`).digest('base64url');
}
