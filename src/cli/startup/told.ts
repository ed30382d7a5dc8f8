import { readFileSync } from 'node:fs';
import { type ConfigSources, configFile } from '../../config/load.ts';
import { adviceOf, type ErrorCode, HeadgateError, messageOf } from '../../core/errors.ts';
import type { LogTail } from '../../lib/log-tail.ts';
import { hiderFor, shownLines } from './shown.ts';

/** Lines of the configuration file around one that is wrong. */
export interface Excerpt {
  readonly file: string;
  /** Of the line that is wrong, from 1. */
  readonly line: number;
  readonly column: number;
  /** Number of the first line that is shown. */
  readonly first: number;
  readonly lines: readonly string[];
}

/** What somebody may be told of a start that failed: all of it without secrets. */
export interface Told {
  readonly code: ErrorCode;
  /** What is wrong, line by line. */
  readonly lines: readonly string[];
  readonly advice: string;
  readonly excerpts: readonly Excerpt[];
  /** The newest lines of the log. */
  readonly log: readonly string[];
  /** When it failed first in this way. */
  readonly at: string;
  /** Of the configuration that the gateway ran with last, if it can be started with that: when it was. */
  readonly lastGoodAt: string | undefined;
  /** Changes with what is wrong. */
  readonly number: number;
}

const maxExcerpts = 4;
const around = 3;
const logLines = 50;
/** A configuration has as much wrong with it as it likes; a page has an end. */
const maxLines = 50;

export interface Telling {
  readonly error: unknown;
  readonly sources: ConfigSources;
  readonly tail: LogTail;
  readonly at: string;
  readonly lastGoodAt: string | undefined;
  readonly number: number;
}

export function toldOf({ error, sources, tail, ...rest }: Telling): Told {
  const hide = hiderFor(sources);
  const code = error instanceof HeadgateError ? error.code : 'startup.failed';
  const lines = messageOf(error).split('\n');
  const others = lines.length - maxLines;
  return {
    ...rest,
    code,
    lines: [...lines.slice(0, maxLines).map(hide), ...(others > 0 ? [`And ${others} more.`] : [])],
    advice: adviceOf(code),
    excerpts: excerptsOf(lines, configFile(sources)),
    log: tail.after(tail.last - logLines).map(({ text }) => hide(readableLine(text))),
  };
}

/** The places that messages name in a file: `FILE:LINE:COLUMN: …`. */
function excerptsOf(messages: readonly string[], file: string | undefined): Excerpt[] {
  if (file === undefined) return [];
  const places = messages
    .filter((one) => one.startsWith(`${file}:`))
    .map((one) => /^(\d+):(\d+): /.exec(one.slice(file.length + 1)))
    .filter((one) => one !== null)
    .map(([, line, column]) => ({ line: Number(line), column: Number(column) }));
  if (places.length === 0) return [];
  let shown: string[];
  try {
    shown = shownLines(readFileSync(file, 'utf8').trimEnd());
  } catch {
    // Gone since: the message still says what was wrong.
    return [];
  }
  const distinct = places.filter(({ line }, index) => places.findIndex((one) => one.line === line) === index);
  return distinct.slice(0, maxExcerpts).map(({ line, column }) => {
    const first = Math.max(1, line - around);
    return { file, line, column, first, lines: shown.slice(first - 1, line + around) };
  });
}

/** `14:02:11.004 error main: …`, and what else the line has. */
function readableLine(text: string): string {
  const { time, level, part, msg, advice: _, ...rest } = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const more = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`;
  return `${String(time).slice(11, 23)} ${level} ${part === undefined ? '' : `${part}: `}${msg}${more}`;
}
