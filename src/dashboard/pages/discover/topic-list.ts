import type { GetTopicsAnswer } from '../../api/schema.ts';

export type Topic = GetTopicsAnswer['topics'][number];

/** The kinds of topics that somebody looks at: in the order in which they were asked for, whatever happens to them meanwhile. */
export interface TopicList {
  readonly rows: readonly Topic[];
  /** How many there are beyond these, on further pages. */
  readonly further: number;
  /** How many came since. They are offered, not inserted. */
  readonly fresh: number;
}

export function listOf({ topics, total }: GetTopicsAnswer): TopicList {
  return { rows: topics, further: total - topics.length, fresh: 0 };
}

/** The same rows with what is true of them now. What is not in the answer any more stays as it was last. */
export function withAnswer({ rows, further }: TopicList, { topics }: GetTopicsAnswer): TopicList {
  const now = new Map(topics.map((one) => [one.template, one]));
  const shown = new Set(rows.map(({ template }) => template));
  // Of the further ones some come in front of others by and by: they are not new.
  const newest = rows.reduce((latest, { firstSeen }) => (firstSeen > latest ? firstSeen : latest), '');
  const fresh = topics.filter(
    ({ template, firstSeen }) => !shown.has(template) && (further === 0 || firstSeen > newest),
  ).length;
  return { rows: rows.map((row) => now.get(row.template) ?? row), further, fresh };
}

/** The same rows, and behind them those that the answer has beside them. */
export function withMore(list: TopicList, answer: GetTopicsAnswer): TopicList {
  const { rows } = withAnswer(list, answer);
  const shown = new Set(rows.map(({ template }) => template));
  const all = [...rows, ...answer.topics.filter(({ template }) => !shown.has(template))];
  return { rows: all, further: Math.max(0, answer.total - answer.topics.length), fresh: 0 };
}

/** The list with something changed of some of its rows. */
export function withChange(
  list: TopicList,
  templates: readonly string[],
  change: (topic: Topic) => Partial<Topic>,
): TopicList {
  const rows = list.rows.map((row) => (templates.includes(row.template) ? { ...row, ...change(row) } : row));
  return { ...list, rows };
}

/** Templates of those that wait for a decision and look the same: their likeliest profile is the same one. */
export function alikeIn(rows: readonly Topic[], topic: Topic, profile: string): readonly string[] {
  return rows
    .filter((one) => one.template === topic.template || (isOpen(one) && one.suggestions[0]?.profile === profile))
    .map(({ template }) => template);
}

/** Nobody decided about it, and nothing was sure enough to. */
export function isOpen({ state }: Topic): boolean {
  return state === 'unknown' || state === 'suggested';
}

/** What a payload seems to be, by how it begins. */
export type PayloadKind = 'nothing' | 'binary' | 'JSON' | 'number' | 'boolean' | 'lines' | 'text';

export function payloadKind({ text, isHex }: { readonly text: string; readonly isHex: boolean }): PayloadKind {
  const trimmed = text.trim();
  if (isHex) return 'binary';
  if (trimmed === '') return 'nothing';
  if (/^[{[]/.test(trimmed)) return 'JSON';
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return 'number';
  if (/^(true|false|on|off|online|offline)$/i.test(trimmed)) return 'boolean';
  // InfluxDB's line protocol: a measurement, tags, and fields.
  if (/^[^\s,=]+(,[^\s=]+=[^\s,]+)* [^\s=]+=\S/.test(trimmed)) return 'lines';
  return 'text';
}

/** Whether there is more of a payload than is shown. */
export function isCut({ text, isHex, bytes }: Topic['lastPayload']): boolean {
  return bytes > (isHex ? text.length / 2 : new TextEncoder().encode(text).length);
}

/** The levels of a topic that may name its device: each as a pattern, and as it is in an example. */
export function namingOf(
  template: string,
  example: string,
): readonly { readonly pattern: string; readonly label: string }[] {
  const levels = template.split('/');
  const shown = example.split('/');
  return levels.flatMap((level, index) => {
    if (level === '#' || level === '') return [];
    const pattern = levels.map((one, at) => (at === index ? '{device}' : one)).join('/');
    return [{ pattern, label: shown[index] ?? level }];
  });
}
