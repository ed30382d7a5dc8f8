import type { ConfigSources } from '../../config/load.ts';
import { configNode } from '../../config/node.ts';
import { isSecretKey, redacted, withoutUrlPaths, withoutUserInfo } from '../../instrumentation/redact.ts';
import type { SchemaNode } from '../../lib/settings/schema-node.ts';

// What of a configuration may be shown to somebody who could not sign in.

/** Takes what is secret out of a text: values of `--set`, of variables named like secrets, and users in URLs. */
export function hiderFor({ settings = [], environment = {} }: ConfigSources): (text: string) => string {
  const given: [text: string, shown: string][] = settings.flatMap((setting) => {
    const equals = setting.indexOf('=');
    return equals < 0 ? [] : [[setting, `${setting.slice(0, equals)}=${redacted}`]];
  });
  for (const [name, value = ''] of Object.entries(environment))
    if (name.startsWith('HEADGATE_') && isSecretKey(name.replace(/^HEADGATE_/, '')) && value.length > 3)
      given.push([value, redacted]);
  return (text) => {
    const hidden = given.reduce((all, [secret, shown]) => all.replaceAll(secret, shown), withoutUrlSecrets(text));
    // A value of the wrong kind is quoted in a message: a password where a section belongs, say.
    return hidden.replace(/`([\w.[\]-]+)` is "(?:[^"\\]|\\.)*"/g, (all, key: string) =>
      isSecretKey(key) ? `\`${key}\` is ${redacted}` : all,
    );
  };
}

function withoutUrlSecrets(text: string): string {
  return withoutUrlPaths(withoutUserInfo(text));
}

const keyAt = /(^|[\s{,[])(["']?)([\w.-]+)\2\s*(:(?=\s|$)|[:=])/g;

/**
 * The lines of a configuration file without what may be secret, also where it is no right YAML: shown are values of keys that
 * Headgate knows and that hold no secret. What stands in comments, below other keys, or anywhere where no key is, is not.
 */
export function shownLines(text: string): string[] {
  /** The column of the key that hides what is below it. */
  let hiddenBelow: number | undefined;
  return text.split(/\r?\n/).map((line) => {
    const body = withoutComment(line);
    const indent = body.search(/\S/);
    if (indent < 0 || body.trim() === '#…') return body;
    const hidden = `${' '.repeat(indent)}${redacted}`;
    const keys = [...body.matchAll(keyAt)].map((found) => ({
      key: found[3]!,
      from: found.index + found[1]!.length,
      to: found.index + found[0].length,
      isCertain: found[4] === ':' && /^(\s|$)/.test(body.slice(found.index + found[0].length)),
    }));
    const isItem = /^\s*-(\s|$)/.test(body);
    const isBelow = indent > (hiddenBelow ?? indent) || (isItem && indent === hiddenBelow);
    if (hiddenBelow !== undefined && (isBelow || keys.length === 0)) return hidden;
    hiddenBelow = undefined;
    // A URL has a colon too, and no space behind it.
    const secret = keys.find(({ key, isCertain }) => isSecretKey(key) || (isCertain && !known.has(key)));
    if (secret !== undefined) {
      hiddenBelow = secret.from;
      const rest = body.slice(secret.to);
      return rest.trim() === '' ? body : `${withoutUrlSecrets(body.slice(0, secret.to))} ${redacted}`;
    }
    if (keys.length > 0 || isItem || /^[\s[\]{},-]+$/.test(body)) return withoutUrlSecrets(body);
    return known.has(/[\w.-]+/.exec(body)?.[0] ?? '') ? withoutUrlSecrets(body) : hidden;
  });
}

function withoutComment(line: string): string {
  return line.replace(/(^|\s)#.*$/, '$1#…');
}

/** Names of keys that hold no secret, wherever they stand. */
const known: ReadonlySet<string> = new Set(namesIn(configNode));

function namesIn(node: SchemaNode): string[] {
  const inner = [node.items, node.additionalProperties || undefined, ...(node.anyOf ?? [])];
  return [
    ...Object.entries(node.properties ?? {}).flatMap(([name, child]) =>
      child.secret || isSecretKey(name) ? [] : [name, ...namesIn(child)],
    ),
    ...inner.filter((one) => one !== undefined).flatMap(namesIn),
  ];
}
