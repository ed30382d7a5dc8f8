import { createRequire } from 'node:module';
import type { Writable } from 'node:stream';
import { type DestinationStream, type Logger, pino } from 'pino';
import type PinoPretty from 'pino-pretty';
import type { LogLevels } from '../lib/log-levels.ts';
import type { LogTail } from '../lib/log-tail.ts';
import type { LogOptions } from './options.ts';
import { redactLine } from './redact.ts';

export type { Logger } from 'pino';

/**
 * What may wait in memory for a reader of the log that has stopped reading. Beyond it lines are lost: the flow of
 * records must not wait for a terminal.
 */
const maxWaitingBytes = 1024 * 1024;

/**
 * The log: one JSON object a line on standard output, with `time` (ISO 8601, UTC), `level` (a word), `part` (who says it,
 * from `log.child({ part })`), `msg` and the event's own fields. On a terminal the same lines come readable and
 * in colour. Values of keys that are named like secrets never appear (see {@link redactLine}).
 *
 * @param stream where lines go instead, for tests
 * @param tail keeps the newest lines
 * @param levels changes the level later
 */
export function createLog(
  options: LogOptions,
  stream: DestinationStream = standardOutput(),
  tail?: LogTail,
  levels?: LogLevels,
): Logger {
  const log: Logger = pino<never>(
    {
      level: options.level,
      ...(levels !== undefined && { onChild: levels.add }),
      // Process and host are the service manager's to add, which knows them better.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err },
      hooks: { streamWrite: redactLine },
    },
    tail === undefined ? stream : tail.tee(stream),
  );
  levels?.setUsual(options.level);
  levels?.add(log);
  return log;
}

/**
 * Resolves when every line is written, or after a second: a reader that has stopped reading must not keep a process
 * from ending. To be awaited before `process.exit`, which does not wait for lines on their way.
 */
export function drainLog(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 1_000);
    process.stdout.write('', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function standardOutput(): DestinationStream {
  if (!process.stdout.isTTY) return boundedStream(process.stdout);
  // Loaded only on a terminal, as a service never needs it.
  const pretty = createRequire(import.meta.url)('pino-pretty') as typeof PinoPretty;
  return pretty({
    sync: true,
    colorize: !process.env.NO_COLOR,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'part',
    messageFormat: '{if part}{part}: {end}{msg}',
  });
}

/**
 * Writes lines to a stream as long as its reader keeps up. Lines beyond what may wait are left out, and the next line
 * that goes through is preceded by one that says how many.
 */
export function boundedStream(
  stream: Pick<Writable, 'write' | 'writableLength'>,
  maxBytes = maxWaitingBytes,
): DestinationStream {
  let lost = 0;
  return {
    write(line) {
      if (stream.writableLength > maxBytes) {
        lost++;
        return;
      }
      if (lost > 0) {
        const time = new Date().toISOString();
        stream.write(
          `${JSON.stringify({ level: 'warn', time, part: 'log', lost, msg: 'Lines were left out: nobody read them.' })}\n`,
        );
        lost = 0;
      }
      stream.write(line);
    },
  };
}
