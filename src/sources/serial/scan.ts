import { setTimeout as delay } from 'node:timers/promises';
import { HeadgateError } from '../../core/errors.ts';
import type { LineGuess, SerialGuess } from '../../profiles/serial-guess.ts';
import { openConnection } from './connection.ts';
import { explainOpenFailure } from './node.ts';

/** What is asked of a scan. */
export interface ScanRequest {
  readonly path: string;
  /** One speed alone; undefined: those that are usual, one after the other. */
  readonly baud?: number | undefined;
  /** `8N1`; undefined: as is usual. */
  readonly format?: string | undefined;
  /** How long to listen at each speed; undefined: 3, at one speed alone 12. */
  readonly seconds?: number | undefined;
}

/** What came of listening to a port. */
export interface Scan {
  readonly line: LineGuess;
  /** The first bytes that were heard. */
  readonly bytes: Buffer;
  /** What may be on it, the likeliest first. */
  readonly guesses: readonly SerialGuess[];
}

export interface ScanDependencies {
  /** How lines are set, the usual ones first. */
  readonly lines: readonly LineGuess[];
  readonly guess: (bytes: Uint8Array) => readonly SerialGuess[];
  /** Told of each speed before it is tried. */
  readonly onLine?: (line: LineGuess) => void;
  /** Nobody waits for it any more. */
  readonly signal?: AbortSignal;
}

/** So sure that no other speed has to be tried. */
const sureEnough = 0.75;
/** More of what a device says tells no more, and takes its time to be looked at. */
const enoughBytes = 4096;
const lookEveryMs = 250;

/**
 * Listens to a port at one speed after the other, until what is heard leaves no doubt.
 *
 * @returns the scan at the likeliest speed; of several without any guess, the first
 * @throws {HeadgateError} request.conflict when the port can't be opened, or is unplugged meanwhile
 */
export async function scanPort(request: ScanRequest, deps: ScanDependencies): Promise<Scan> {
  const listenMs = 1_000 * (request.seconds ?? (request.baud === undefined ? 3 : 12));
  let best: Scan | undefined;
  for (const line of linesToTry(request, deps.lines)) {
    if (deps.signal?.aborted) break;
    deps.onLine?.(line);
    const scan = await scanAt(request.path, line, listenMs, deps);
    if (best === undefined || confidenceOf(scan) > confidenceOf(best)) best = scan;
    if (confidenceOf(best) >= sureEnough) break;
  }
  return best ?? { line: { baud: 9600, format: '8N1' }, bytes: Buffer.alloc(0), guesses: [] };
}

const confidenceOf = ({ guesses }: Scan): number => guesses[0]?.confidence ?? 0;

function linesToTry({ baud, format }: ScanRequest, lines: readonly LineGuess[]): readonly LineGuess[] {
  if (baud !== undefined) return [{ baud, format: format ?? '8N1' }];
  if (format === undefined) return lines;
  return [...new Set(lines.map((line) => line.baud))].map((one) => ({ baud: one, format }));
}

async function scanAt(path: string, line: LineGuess, listenMs: number, deps: ScanDependencies): Promise<Scan> {
  const { guess, signal } = deps;
  const chunks: Buffer[] = [];
  let length = 0;
  let isNew = false;
  const heard = (bytes: Uint8Array): void => {
    if (length >= enoughBytes) return;
    chunks.push(Buffer.from(bytes));
    length += bytes.length;
    isNew = true;
  };
  const opened = openConnection(path, { ...line, flowControl: 'none' }, heard);
  const connection = await opened.catch(async (error: unknown) => {
    throw new HeadgateError('request.conflict', await explainOpenFailure(path, error), { cause: error });
  });
  let lost: string | undefined;
  void connection.closed.then((reason) => {
    lost = reason;
  });
  const until = performance.now() + listenMs;
  let scan: Scan = { line, bytes: Buffer.alloc(0), guesses: [] };
  do {
    await delay(Math.min(lookEveryMs, listenMs));
    if (!isNew) continue;
    isNew = false;
    const bytes = Buffer.concat(chunks).subarray(0, enoughBytes);
    scan = { line, bytes, guesses: guess(bytes) };
  } while (performance.now() < until && lost === undefined && !signal?.aborted && confidenceOf(scan) < sureEnough);
  if (lost !== undefined) throw new HeadgateError('request.conflict', `${path} was lost: ${lost}`);
  connection.close('It was listened to.');
  await connection.closed;
  return scan;
}
