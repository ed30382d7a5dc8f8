import { windows } from '../../charts/windows.ts';

/** A series that somebody chose. */
export interface ChosenSeries {
  readonly device: string;
  readonly field: string;
  /** `room=3,rack=b`; empty: none. */
  readonly tags: string;
}

/** What is explored, as the address has it: `?s=lab:temperature,lab:humidity&w=3600`, or with `from` and `to` (RFC 3339). */
export interface Choice {
  readonly series: readonly ChosenSeries[];
  /** What a chart that follows shows. */
  readonly windowMs: number;
  /** Undefined: up to now. */
  readonly span: { readonly fromMs: number; readonly toMs: number } | undefined;
}

type Query = Readonly<Record<string, string | undefined>>;

const usualMs = 3_600_000;
export const maxChosen = 8;

/** Anything may stand in an address: what can't be meant is left out. */
export function choiceOf({ s = '', w, from, to }: Query): Choice {
  const [fromMs, toMs] = [Date.parse(from ?? ''), Date.parse(to ?? '')];
  const isSpan = toMs > fromMs;
  const given = Number(w) * 1_000;
  const windowMs = windows.find((one) => one === given) ?? usualMs;
  return {
    series: seriesOf(s),
    windowMs: isSpan ? toMs - fromMs : windowMs,
    span: isSpan ? { fromMs, toMs } : undefined,
  };
}

/** The same as a query; what is as usual is left out. */
export function queryOf({ series, windowMs, span }: Choice): Query {
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    s: series.length === 0 ? undefined : series.map(textOf).join(','),
    w: span !== undefined || windowMs === usualMs ? undefined : String(windowMs / 1_000),
    from: span && iso(span.fromMs),
    to: span && iso(span.toMs),
  };
}

export const isSame = (a: ChosenSeries, b: ChosenSeries): boolean =>
  a.device === b.device && a.field === b.field && a.tags === b.tags;

function textOf({ device, field, tags }: ChosenSeries): string {
  const parts = tags === '' ? [device, field] : [device, field, tags];
  return parts.map((part) => part.replace(/[\\:,]/g, '\\$&')).join(':');
}

/** Reads series with `:` between their parts and `,` between them, each of which means itself behind a backslash. */
function seriesOf(text: string): ChosenSeries[] {
  const found: ChosenSeries[] = [];
  let parts = [''];
  const end = (): void => {
    const [device = '', field = '', tags = ''] = parts;
    parts = [''];
    const one = { device, field, tags };
    const isNew = device !== '' && field !== '' && !found.some((other) => isSame(one, other));
    if (isNew && found.length < maxChosen) found.push(one);
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if (char === ',') end();
    else if (char === ':') parts.push('');
    else parts[parts.length - 1] += char === '\\' ? (text[++i] ?? '') : char;
  }
  end();
  return found;
}
