import type { FastifyInstance } from 'fastify';
import type { Scan, ScanRequest } from '../sources/serial/scan.ts';
import type { ListedPort } from '../sources/serial/status.ts';
import { closedSignal } from './closed-signal.ts';
import { admin, needs, read } from './guard.ts';
import { problem, sendProblem } from './problem.ts';

export interface SerialApi {
  /** Those that this machine has, then those that are only in the configuration. */
  readonly list: () => Promise<readonly ListedPort[]>;
  /** @throws {HeadgateError} request.conflict when the port can't be listened to */
  readonly scan: (request: ScanRequest, signal: AbortSignal) => Promise<Scan>;
}

/** So many bytes of what was heard are shown. */
const shownBytes = 256;

/**
 * `GET /api/v1/serial`: the serial ports that this machine has and what they seem to be, and those that are configured. For callers on
 * this machine `POST …/scan` with `{path, baud, format, seconds, ask}`, of which only the path is needed, to listen to one and tell what may be
 * on it; that takes up to half a minute, with `ask` some minutes, and ends when nobody waits for it any more. Nothing is sent to a device
 * without `ask`.
 */
export function addSerialRoutes(app: FastifyInstance, serial: SerialApi): void {
  app.get('/api/v1/serial', needs(read), async () => ({ ports: await serial.list() }));
  app.post('/api/v1/serial/scan', needs(admin), async (request, reply) => {
    const asked = scanOf(request.body ?? {});
    if (typeof asked === 'string') return sendProblem(reply, problem(400, asked));
    const { line, bytes, guesses } = await serial.scan(asked, closedSignal(reply));
    return reply.send({
      path: asked.path,
      ...line,
      bytes: bytes.length,
      sample: bytes.subarray(0, shownBytes).toString('hex'),
      suggestions: guesses.map(({ example, ...told }) => told),
    });
  });
}

/** What is asked for; a sentence when it can't be that. */
function scanOf(body: unknown): ScanRequest | string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'The body must be a JSON object.';
  const { path, baud, format, seconds, ask, ...others } = body as Readonly<Record<string, unknown>>;
  const [stray] = Object.keys(others);
  if (stray !== undefined)
    return `There is no \`${stray.slice(0, 40)}\` here: \`path\`, \`baud\`, \`format\`, \`seconds\` and \`ask\` are.`;
  if (typeof path !== 'string' || path === '')
    return '`path` must name a port: `GET /api/v1/serial` tells which there are.';
  if (baud !== undefined && !isCount(baud, 4_000_000)) return '`baud` must be a whole number from 1 to 4000000.';
  if (seconds !== undefined && !isCount(seconds, 120)) return '`seconds` must be a whole number from 1 to 120.';
  if (format !== undefined && (typeof format !== 'string' || !/^[5-8][NEO][12]$/.test(format)))
    return '`format` must be data bits, parity and stop bits, such as `8N1`.';
  if (ask !== undefined && typeof ask !== 'boolean') return '`ask` must be true or false.';
  return { path, baud, format, seconds, ask };
}

function isCount(value: unknown, maximum: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= maximum;
}
