const secretKey =
  /pass(word|phrase|wd|code)|secret|token|authorization|cookie|credential|(api|access|private|pre-?shared)[-_]?key|^(pass|key|psk)$/i;
/** Cheap and never too narrow: a line that this leaves alone holds no key that {@link secretKey} matches. */
const maybeSecretKey = /(pass|secret|token|authorization|cookie|credential|key|psk)[^"]*":/i;
const userInfo = /([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'<>]+@/gi;

export const redacted = '***';

/** Whether a key is named like one that holds a secret. */
export function isSecretKey(key: string): boolean {
  return secretKey.test(key);
}

/** A text without users and passwords in its URLs. */
export function withoutUserInfo(text: string): string {
  return text.replace(userInfo, `$1${redacted}@`);
}

const urlPath = /(https?:\/\/[^\s/?#"'<>\\]+)[/?#](?![\s"'<>,}\]\\]|$)[^\s"'<>,}\]\\]*/gi;

/** A text in which web addresses end with their host: what follows is often what lets whoever knows it in, as with the webhooks of chats. */
export function withoutUrlPaths(text: string): string {
  return text.replace(urlPath, '$1/…');
}

/**
 * A log line without its secrets: the value of every key that is named like one, at any depth, and user and password
 * in URLs. It works on the finished line, which is the one place that nothing can go around: fields, bindings of child
 * logs, properties of errors.
 *
 * @param line one JSON object, with or without a line feed
 */
export function redactLine(line: string): string {
  const hidden = line.includes('://') ? withoutUserInfo(line) : line;
  if (!maybeSecretKey.test(hidden)) return hidden;
  const lineFeed = hidden.endsWith('\n') ? '\n' : '';
  return `${JSON.stringify(JSON.parse(hidden), (key, value) => (secretKey.test(key) ? redacted : value))}${lineFeed}`;
}
