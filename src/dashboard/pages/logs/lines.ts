/** A line of the log, as the gateway writes it. */
export interface LogLine {
  /** Counts the lines that this page has seen. */
  readonly number: number;
  readonly level: Level;
  /** In ms since 1970. */
  readonly timeMs: number;
  readonly part: string;
  readonly text: string;
  /** What else it says. */
  readonly more: Readonly<Record<string, unknown>>;
}

export const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type Level = (typeof levels)[number];

/** As many lines as the page keeps. */
export const maxLines = 2_000;

export function lineOf(given: Readonly<Record<string, unknown>>, number: number): LogLine {
  const { level, time, part, msg, ...more } = given;
  return {
    number,
    level: levels.find((one) => one === level) ?? 'info',
    timeMs: Date.parse(String(time)),
    part: String(part ?? ''),
    text: String(msg ?? ''),
    more,
  };
}

/** The lines with those that came; the oldest go. A line is never seen twice. */
export function withLines(lines: readonly LogLine[], given: readonly Readonly<Record<string, unknown>>[]): LogLine[] {
  const from = (lines.at(-1)?.number ?? 0) + 1;
  return [...lines, ...given.map((line, i) => lineOf(line, from + i))].slice(-maxLines);
}

/** Which lines are shown. */
export interface LogChoice {
  readonly level: Level;
  readonly part: string;
  /** In its text or what else it says, whatever the case. */
  readonly text: string;
}

export function isShown(line: LogLine, { level, part, text }: LogChoice): boolean {
  if (levels.indexOf(line.level) < levels.indexOf(level)) return false;
  if (part !== '' && line.part !== part) return false;
  if (text === '') return true;
  const wanted = text.toLowerCase();
  return line.text.toLowerCase().includes(wanted) || JSON.stringify(line.more).toLowerCase().includes(wanted);
}

/** As the gateway wrote it, a JSON text a line. */
export function linesText(lines: readonly LogLine[]): string {
  return lines
    .map(({ level, timeMs, part, text, more }) =>
      JSON.stringify({
        level,
        time: Number.isNaN(timeMs) ? null : new Date(timeMs).toISOString(),
        part,
        ...more,
        msg: text,
      }),
    )
    .join('\n');
}
