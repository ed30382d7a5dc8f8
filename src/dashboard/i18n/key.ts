/** What a text is found by in a catalogue: short, and the same wherever it is worked out (FNV-1a, 32 bits, base 36). */
export function keyOf(english: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < english.length; i++) hash = Math.imul(hash ^ english.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(36);
}
