/** What the wildcards of a path pattern stand for in a path, from the left; undefined when it does not match. */
export type PathPattern = (path: string) => readonly string[] | undefined;

const none: readonly string[] = [];

/** `*` stands for any text without a dot, `**` for any text; there may be several. Never slow: they are few and short. */
export function pathPattern(pattern: string): PathPattern {
  if (!pattern.includes('*')) return (path) => (path === pattern ? none : undefined);
  const source = pattern
    .split(/(\*\*|\*)/)
    .map((part) => (part === '**' ? '(.*)' : part === '*' ? '([^.]*)' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')));
  const regex = new RegExp(`^${source.join('')}$`, 's');
  return (path) => {
    const found = path.length <= maxPath ? regex.exec(path) : null;
    return found ? found.slice(1) : undefined;
  };
}

/** Longer paths are no names: an expression with two `**` takes time with the square of it. */
const maxPath = 500;
