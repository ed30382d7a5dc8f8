import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { privateFile, readIfThere } from '../../lib/private-file.ts';

const what = "The collector's admin token";

/** Makes the file with the token of administrators, unless there is one. @throws HeadgateError `data.unwritable` */
export async function ensureAdminToken(path: string): Promise<void> {
  await privateFile(path, what, () => `${randomBytes(32).toString('base64url')}\n`);
}

/**
 * Whether an `authorization` is that of an administrator. The file is read each time: who changes it need not restart the
 * collector, and who removes it has locked everybody out.
 */
export function isAdmin(path: string, authorization: string | undefined): boolean {
  const token = readIfThere(path)?.trim();
  const given = bearerOf(authorization);
  if (token === undefined || token === '' || given === undefined) return false;
  return timingSafeEqual(hash(given), hash(token));
}

/** The token in `Bearer TOKEN`; undefined when it is something else. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
}

function hash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
