/**
 * Whether a glob matches a whole text: `*` stands for any characters, also none; everything else for itself. Takes at
 * most glob × text steps, whatever both hold, where a regular expression with many `.*` could keep a process busy for
 * hours. Allocates nothing.
 */
export function globMatches(glob: string, text: string): boolean {
  let at = 0;
  let from = 0;
  // Where to go on when it doesn't fit: the last star takes one character more.
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    if (glob[from] === '*') {
      star = from++;
      starAt = at;
    } else if (from < glob.length && glob.charCodeAt(from) === text.charCodeAt(at)) {
      from++;
      at++;
    } else if (star >= 0) {
      from = star + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  while (glob[from] === '*') from++;
  return from === glob.length;
}
