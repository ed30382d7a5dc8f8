/** How hard a password is to guess, as far as that can be said here: the gateway has the last word. */
export interface Strength {
  /** 0: too short; 4: fine. */
  readonly score: 0 | 1 | 2 | 3 | 4;
  readonly word: 'short' | 'weak' | 'fair' | 'good' | 'strong';
}

export const leastLength = 10;

/** By its length and how many different characters it has: a long sentence is better than a short riddle. */
export function strengthOf(password: string): Strength {
  const characters = [...password];
  if (characters.length < leastLength) return { score: 0, word: 'short' };
  const different = new Set(characters).size;
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u].filter((kind) => kind.test(password)).length;
  const points = Math.min(characters.length, different * 2) + kinds * 2;
  if (points < 14) return { score: 1, word: 'weak' };
  if (points < 18) return { score: 2, word: 'fair' };
  if (points < 24) return { score: 3, word: 'good' };
  return { score: 4, word: 'strong' };
}
