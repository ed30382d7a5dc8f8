import { yaml } from '../../lib/settings/yaml.ts';

/**
 * The text of the settings with a hash in the place of the administrator's password; nothing else of it changes, comments neither.
 * Undefined: no password is found in it.
 */
export function withHash(text: string, hash: string): string | undefined {
  const document = yaml().parseDocument(text, { prettyErrors: false, logLevel: 'silent' });
  const admin = document.get('admin');
  if (!yaml().isMap(admin)) return undefined;
  const pair = admin.items.find(({ key }) => yaml().isScalar(key) && key.value === 'password');
  const { key, value } = pair ?? {};
  if (!yaml().isScalar(key) || !yaml().isScalar(value) || !key.range || !value.range) return undefined;
  const [from] = key.range;
  const [, to] = value.range;
  return `${text.slice(0, from)}passwordHash: '${hash}'${text.slice(to)}`;
}
