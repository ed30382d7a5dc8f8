import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

/** Without those that are taken for one another when they are read out. */
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
const tokenPattern = /^hg_([a-z2-9]{10})_([A-Za-z0-9_-]{43})$/;

/** A text of letters and digits, each with just under 5 bits of chance. */
export function randomText(length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}

/** The id of an account: never given twice, as far as chance goes. */
export function newId(): string {
  return randomText(10);
}

/** A secret of 256 bits, of letters that need no escaping anywhere. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** What a program shows: `hg_ID_SECRET`, so that who finds one somewhere knows what it is of. */
export function tokenText(id: string, secret: string): string {
  return `hg_${id}_${secret}`;
}

/** The parts of a token; undefined when a text is none. */
export function tokenParts(text: string): { readonly id: string; readonly secret: string } | undefined {
  const [, id, secret] = tokenPattern.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** SHA-256 of a secret with so much chance in it that nothing slower is needed; base64url. */
export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** Whether two texts are the same, in a time that does not tell where they differ. */
export function isSame(a: string, b: string): boolean {
  const [one, other] = [createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest()];
  return timingSafeEqual(one, other);
}
