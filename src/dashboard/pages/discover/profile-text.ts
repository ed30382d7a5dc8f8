// What the editor knows of texts.

/** Where a line and a column are, both from 1, in a text. */
export function offsetIn(text: string, line: number, column: number): number {
  let at = 0;
  for (let row = 1; row < line; row++) {
    const end = text.indexOf('\n', at);
    if (end < 0) return text.length;
    at = end + 1;
  }
  const end = text.indexOf('\n', at);
  return Math.min(at + column - 1, end < 0 ? text.length : end);
}

export function lineCount(text: string): number {
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

/** A profile's name, as far as a text can be one: `th-10`. */
export function nameFrom(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
    .slice(0, 40);
}

/** What devices on such topics may be called: by the levels that are the same for all of them. */
export function modelFrom(template: string): string {
  const levels = template.split('/').filter((level) => level !== '+' && level !== '#');
  // What has digits names one device, not its kind.
  const kinds = levels.filter((level) => !/\d/.test(level));
  return nameFrom((kinds.length > 0 ? kinds : levels).join('-'));
}

/** Where the gateway has a profile. @param name `vendor/model` */
export function pathOf(name: string): string {
  return `api/v1/profiles/${name.split('/').map(encodeURIComponent).join('/')}`;
}

/** Whether a profile was changed, and does not say so by its version. */
export function isUncounted(before: string, now: string): boolean {
  const versionIn = (text: string): string | undefined => /^version: *(\S+)/m.exec(text)?.[1];
  return before !== now && versionIn(before) === versionIn(now);
}

/** Whether a text can be a part of a profile's name. */
export function isNamePart(text: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,63}$/.test(text);
}
