import { setTimeout as delay } from 'node:timers/promises';
import { HeadgateError } from '../../core/errors.ts';
import type { LineGuess, SerialGuess } from '../../profiles/serial-guess.ts';
import type { Interrogation, Question } from '../../profiles/serial-questions.ts';
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
  /** Whether a device that says nothing by itself is asked. Nothing is written otherwise. */
  readonly ask?: boolean | undefined;
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
  /** What to ask at one speed. */
  readonly questions: (line: LineGuess) => Interrogation;
  /** How lines of devices are set that only answer, the usual ones first. */
  readonly askedLines: readonly LineGuess[];
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
  const lines = request.ask ? [...deps.lines, ...deps.askedLines.filter((one) => !isIn(deps.lines, one))] : deps.lines;
  for (const line of linesToTry(request, lines)) {
    if (deps.signal?.aborted) break;
    deps.onLine?.(line);
    const scan = await scanAt(request, line, listenMs, deps);
    if (best === undefined || confidenceOf(scan) > confidenceOf(best)) best = scan;
    if (confidenceOf(best) >= sureEnough) break;
  }
  return best ?? { line: { baud: 9600, format: '8N1' }, bytes: Buffer.alloc(0), guesses: [] };
}

const isIn = (lines: readonly LineGuess[], { baud, format }: LineGuess): boolean =>
  lines.some((one) => one.baud === baud && one.format === format);

const confidenceOf = ({ guesses }: Scan): number => guesses[0]?.confidence ?? 0;

function linesToTry({ baud, format }: ScanRequest, lines: readonly LineGuess[]): readonly LineGuess[] {
  if (baud !== undefined) return [{ baud, format: format ?? '8N1' }];
  if (format === undefined) return lines;
  return [...new Set(lines.map((line) => line.baud))].map((one) => ({ baud: one, format }));
}

async function scanAt(
  { path, ask: isAsked }: ScanRequest,
  line: LineGuess,
  listenMs: number,
  deps: ScanDependencies,
): Promise<Scan> {
  const { guess, questions, signal } = deps;
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
  // Who speaks by itself is not asked.
  if (isAsked && scan.guesses.length === 0 && length < enoughBytes && lost === undefined && !signal?.aborted) {
    const answered: Uint8Array[] = [];
    const isOver = (): boolean => lost !== undefined || signal?.aborted === true;
    const guesses = await interrogate(questions(line), isOver, async (question) => {
      const from = chunks.length;
      connection.write(question.request);
      const heardSince = (): Buffer => Buffer.concat(chunks.slice(from));
      await answerTo(question, heardSince, isOver);
      const bytes = heardSince();
      // Of all questions together no more is kept than of listening.
      length = 0;
      if (bytes.length > 0 && answered.length < maxAnswers) answered.push(bytes);
      return bytes;
    });
    if (answered.length > 0) scan = { line, bytes: Buffer.concat(answered).subarray(0, enoughBytes), guesses };
  }
  if (lost !== undefined) throw new HeadgateError('request.conflict', `${path} was lost: ${lost}`);
  connection.close('It was listened to.');
  await connection.closed;
  return scan;
}

const maxAnswers = 64;
const answerLookMs = 10;
/** An answer is over when nothing came for so long; USB adapters and the kernel hand over bytes in lots. */
const answerQuietMs = 60;
const maxAnswerMs = 3_000;

/** Asks one question after the other. @returns what the device may be, as far as it was asked */
async function interrogate(
  questions: Interrogation,
  isOver: () => boolean,
  ask: (question: Question) => Promise<Uint8Array>,
): Promise<readonly SerialGuess[]> {
  let step = questions.next(new Uint8Array());
  while (!step.done) {
    if (isOver()) return questions.return([]).value as readonly SerialGuess[];
    step = questions.next(await ask(step.value));
  }
  return step.value;
}

/** Waits until an answer is there, or comes no more. */
async function answerTo({ timeoutMs, isAnswer }: Question, heard: () => Buffer, isOver: () => boolean): Promise<void> {
  const beganAt = performance.now();
  let size = 0;
  let changedAt = beganAt;
  for (;;) {
    await delay(answerLookMs);
    const now = performance.now();
    const bytes = heard();
    if (bytes.length !== size) {
      size = bytes.length;
      changedAt = now;
      if (isAnswer?.(bytes)) return;
    }
    const isSilent = size === 0 ? now - beganAt >= timeoutMs : now - changedAt >= answerQuietMs;
    if (isSilent || isOver() || now - beganAt >= Math.max(timeoutMs, maxAnswerMs)) return;
  }
}
