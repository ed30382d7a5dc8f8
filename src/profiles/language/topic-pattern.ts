/** A topic pattern, ready to be matched: `tele/{device}/SENSOR`. */
export interface TopicPattern {
  readonly text: string;
  /** What it gives names to, in order. */
  readonly names: readonly string[];
  /** What each name stands for in a topic; undefined when the topic does not match. */
  match(topic: string): ReadonlyMap<string, string> | undefined;
}

const named = /\{([A-Za-z][A-Za-z0-9_]*)(\.\.\.)?\}/g;

/** The same by an MQTT topic filter: what a broker would have to be subscribed to. */
export function filterOf(pattern: string): string {
  const levels: string[] = [];
  for (const level of pattern.split('/')) {
    if (level === '#' || level.includes('...}')) return [...levels, '#'].join('/');
    levels.push(level === '+' || level.includes('{') ? '+' : level);
  }
  return levels.join('/');
}

/** What is wrong with a pattern, as what follows "is …, "; undefined when nothing is. */
export function patternFault(pattern: string): string | undefined {
  if (pattern.includes('\0')) return 'but a topic can hold no NUL character';
  const levels = pattern.split('/');
  for (const [index, level] of levels.entries()) {
    const rest = level.replace(named, '');
    if (/[{}]/.test(rest)) return 'but a name in braces is letters and digits, `{device}` or `{name...}`';
    if (level.includes('#') && (level !== '#' || index < levels.length - 1))
      return 'but `#` can only be the last level';
    if (level.includes('+') && level !== '+') return 'but `+` must fill a level';
  }
  const names = [...pattern.matchAll(named)].map(([, name]) => name);
  if (new Set(names).size < names.length) return 'but each name can stand there once';
  // With two of them there would be several ways to cut a topic, and time with the square of its length to try them.
  if (pattern.split('...}').length > 2) return 'but only one name can stand for several levels';
  return undefined;
}

/** @param pattern one in which {@link patternFault} finds nothing */
export function topicPattern(pattern: string): TopicPattern {
  const names: string[] = [];
  const levels = pattern.split('/');
  // A last # also stands for the parent level itself (MQTT 5.0 § 4.7.1.2).
  const isOpen = levels.at(-1) === '#';
  if (isOpen) levels.pop();
  const source = levels.map((level) => {
    if (level === '+') return '[^/]*';
    let from = 0;
    let text = '';
    for (const found of level.matchAll(named)) {
      text += escapeRegex(level.slice(from, found.index));
      names.push(found[1]!);
      text += found[2] === undefined ? '([^/]+)' : '(.+)';
      from = found.index + found[0].length;
    }
    return text + escapeRegex(level.slice(from));
  });
  const regex = new RegExp(`^${source.join('/')}${isOpen ? '(?:/.*)?' : ''}$`, 's');
  return {
    text: pattern,
    names,
    match: (topic) => {
      // Topics that start with $ are the broker's own (MQTT 5.0 § 4.7.2).
      if (topic.startsWith('$') && !pattern.startsWith('$')) return undefined;
      const found = regex.exec(topic);
      return found ? new Map(names.map((name, index) => [name, found[index + 1]!])) : undefined;
    },
  };
}

function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
