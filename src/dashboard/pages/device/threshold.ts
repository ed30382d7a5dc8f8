import type { Threshold } from '../../charts/threshold.ts';
import type { Rule } from '../../ui/rule.ts';

/** Those that hold for a device. */
export function rulesFor(
  rules: readonly Rule[],
  { id, profile }: { readonly id: string; readonly profile: { readonly name: string } | null },
): Rule[] {
  return rules.filter(
    (rule) =>
      isLike(rule.device ?? '*', id) &&
      (rule.profile === null || rule.profile === undefined || (profile !== null && isLike(rule.profile, profile.name))),
  );
}

/** Whether a text is as a glob says, in which `*` stands for any characters. */
export function isLike(glob: string, text: string): boolean {
  const [first = '', ...rest] = glob.split('*');
  const last = rest.pop();
  if (last === undefined) return glob === text;
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1 || found + part.length > text.length - last.length) return false;
    at = found + part.length;
  }
  return true;
}

/** Lines in a chart of these fields. */
export function linesOf(
  rules: readonly Rule[],
  fields: readonly { readonly name: string; readonly unit: string | null; readonly unitSymbol: string | null }[],
): Threshold[] {
  const lines: Threshold[] = [];
  for (const { name, enabled, severity, field, value, low, high } of rules) {
    const of = fields.find((one) => one.name === field);
    if (of === undefined || enabled === false) continue;
    const tone = severity === 'critical' ? 'bad' : severity === 'info' ? 'idle' : 'warn';
    for (const at of [value, low, high]) {
      if (typeof at === 'number') lines.push({ value: at, label: name, unit: of.unitSymbol ?? of.unit, tone });
    }
  }
  return lines;
}
