import type { Reader } from './readers.ts';

export function fieldName(name: string, part: string): string {
  return part === '' ? name : `${name}.${part}`;
}

/** The same for readers of one device whose fields would have the same name. */
export function nameKey({ name, part, reading }: Reader): string {
  return reading === 'attributes' ? `${name}\0` : fieldName(name, part);
}

/** Every one of several has its object id behind its name, so that none depends on which came first. */
export function tellApart(sharing: ReadonlySet<Reader>): void {
  const ids = new Map<string, number>();
  for (const { objectId } of sharing) ids.set(objectId, (ids.get(objectId) ?? 0) + 1);
  for (const reader of sharing) {
    const { name, component, objectId } = reader;
    if (sharing.size === 1) reader.label = name;
    else reader.label = ids.get(objectId) === 1 ? `${name} (${objectId})` : `${name} (${component} ${objectId})`;
  }
}
