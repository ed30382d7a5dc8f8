/** What a text is found by in a catalogue, the same wherever it is worked out (FNV-1a, 32 bits). */
export function keyOf(english: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < english.length; i++) hash = Math.imul(hash ^ english.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/**
 * Where a text is in a catalogue that has none of the keys: a perfect hash. Keys fall into groups, and each group has a number by which
 * no two texts come to the same place (hash and displace; Belazzougui, Botelho and Dietzfelbinger, 2009).
 * @param size how many places there are
 */
export function placeOf(key: number, groups: readonly number[], size: number): number {
  const group = groups[key % groups.length] ?? 0;
  let mixed = Math.imul(key ^ (key >>> 15) ^ Math.imul(group + 1, 0x9e3779b1), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) % size;
}
