const durationUnits: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const byteUnits: Record<string, number> = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

export const durationPattern = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d)$/;
export const bytesPattern = /^(\d+(?:\.\d+)?) ?(B|KB|MB|GB|KiB|MiB|GiB)$/;

/** `20s`, `1.5h`, `30d` or `250ms` in milliseconds; undefined when it is none of these. */
export function parseDuration(text: string): number | undefined {
  return parse(text, durationPattern, durationUnits);
}

/** `200MB`, `64KiB` or `512B` in bytes; undefined when it is none of these. */
export function parseBytes(text: string): number | undefined {
  return parse(text, bytesPattern, byteUnits);
}

function parse(text: string, pattern: RegExp, units: Record<string, number>): number | undefined {
  const match = pattern.exec(text.trim());
  const scale = units[match?.[2] ?? ''];
  return match && scale !== undefined ? Math.round(Number(match[1]) * scale) : undefined;
}

/** A duration for people, in its two largest units: `3 d 4 h`, `12 s`, `0.4 s`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${(ms / 1_000).toFixed(1)} s`;
  const parts: string[] = [];
  let rest = Math.round(ms / 1_000) * 1_000;
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ] as const) {
    const count = Math.floor(rest / size);
    if (count > 0 && parts.length < 2) parts.push(`${count} ${unit}`);
    rest -= count * size;
  }
  return parts.join(' ');
}

/** A size for people: `1.2 MB`, `345 B`. */
export function formatBytes(bytes: number): string {
  for (const [unit, size] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const) {
    if (bytes >= size) return `${(bytes / size).toFixed(1)} ${unit}`;
  }
  return `${bytes} B`;
}
