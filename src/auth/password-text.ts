import type { PasswordHash } from './passwords.ts';

const shape = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9_+/-]{16,88})\$([A-Za-z0-9_+/-]{43})$/;
/** What one guess may take: 256 MiB, and so much work that nobody has to wait for it for minutes. */
const maxBytes = 2 ** 28;
const maxWork = 2 ** 22;

/** A hash as one line for a file: `$scrypt$ln=14,r=8,p=5$SALT$HASH`, in the PHC string format, with base64url. */
export function passwordText({ N, r, p, salt, hash }: PasswordHash): string {
  return `$scrypt$ln=${Math.log2(N)},r=${r},p=${p}$${salt}$${hash}`;
}

/** What {@link passwordText} wrote; undefined: it is no such line, or one that takes more memory or time than a sign-in may. */
export function passwordHashOf(text: string): PasswordHash | undefined {
  const [, ln, r, p, salt, hash] = shape.exec(text.trim()) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  const cost = { N: 2 ** Number(ln), r: Number(r), p: Number(p) };
  const isUsual = Number(ln) > 0 && cost.r > 0 && cost.p > 0;
  if (!isUsual || 128 * cost.N * cost.r > maxBytes || cost.N * cost.r * cost.p > maxWork) return undefined;
  return { ...cost, salt: urlSafe(salt), hash: urlSafe(hash) };
}

function urlSafe(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_');
}
