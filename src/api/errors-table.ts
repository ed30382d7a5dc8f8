import type { ErrorKind } from '../core/error-kinds.ts';
import { adviceOf, type ErrorCode, errorCodes, kindOf } from '../core/errors.ts';

const columns = ['code', 'HTTP', 'gRPC', 'WebSocket', 'MQTT 5', 'exit', 'again', 'what to do'];

/** The table of all failures, as `src/api/README.md` has it. */
export function errorsTable(): string {
  const codes = (Object.keys(errorCodes) as ErrorCode[]).sort();
  const rows = codes.map((code) => [
    `\`${code}\``,
    ...cellsOf(code, kindOf(code)),
    adviceOf(code).replaceAll('|', '\\|'),
  ]);
  return [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cellsOf(code: ErrorCode, kind: ErrorKind): string[] {
  const { http, grpc, webSocket, mqtt, exit, retryAfterSeconds, isPrivate } = kind;
  if (isPrivate && code !== 'server.failed') return ['as `server.failed`', '', '', '', String(exit), ''];
  const again = retryAfterSeconds === undefined ? 'no' : retryAfterSeconds === 0 ? 'at once' : `${retryAfterSeconds} s`;
  return [String(http), `\`${grpc[1]}\``, String(webSocket), `0x${mqtt.toString(16)}`, String(exit), again];
}

/** The text with what stands between `<!-- NAME -->` and `<!-- /NAME -->` replaced. */
export function withPart(text: string, name: string, part: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new RangeError(`The text has no ${begin} … ${end}.`);
  return `${text.slice(0, from + begin.length)}\n${part}\n${text.slice(to)}`;
}
