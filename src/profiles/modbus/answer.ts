import { answerSize, exceptionBit, fits, type ReadRequest, readFunctions, type WriteRequest, writePdu } from './pdu.ts';

/** The device refused what it was asked. */
export interface ExceptionAnswer {
  readonly kind: 'exception';
  readonly code: number;
  /** A sentence: who refused what, and why. */
  readonly failure: string;
}

/** There is no answer to this request, or it was damaged. */
export interface FailedAnswer {
  readonly kind: 'failed';
  /** A sentence. */
  readonly failure: string;
}

/** What came of a request to read. */
export type Answer =
  /** @property data as it came: two bytes a register, or eight coils a byte from the lowest bit on */
  { readonly kind: 'data'; readonly data: Uint8Array } | ExceptionAnswer | FailedAnswer;

/** What came of a request to write. */
export type WriteAnswer =
  /** The device says that it has done it. */
  | { readonly kind: 'done' }
  | ExceptionAnswer
  /** It was sent, and nobody knows whether it was done. @property failure a sentence */
  | { readonly kind: 'unanswered'; readonly failure: string }
  /** It was not sent, and may be sent another time. @property failure a sentence */
  | { readonly kind: 'unsent'; readonly failure: string }
  /** It can't be sent. @property failure a sentence */
  | { readonly kind: 'impossible'; readonly failure: string };

/** Exceptions by their code (Modbus Application Protocol 1.1b3 § 7), and what they mean for who asked. */
const exceptions: ReadonlyMap<number, string> = new Map([
  [1, 'illegal function: it does not have this kind of registers'],
  [2, 'illegal data address: it does not have all of these registers'],
  [3, 'illegal data value: it does not give so many registers at once'],
  [4, 'server device failure: it can not do what it was asked'],
  [5, 'acknowledge: it takes longer than usual'],
  [6, 'server device busy: it is at work, ask again later'],
  [8, 'memory parity error: its memory is damaged'],
  [10, 'gateway path unavailable: the gateway before it has no way to it'],
  [11, 'gateway target device failed to respond: it is off, or not on that line'],
]);
/** Where they mean something else to who writes. */
const writeExceptions: ReadonlyMap<number, string> = new Map([
  [1, 'illegal function: it can not be written to like this'],
  [2, 'illegal data address: it does not have all of these registers, or they can not be written'],
  [3, 'illegal data value: it does not take this value'],
]);

const isBits = (request: ReadRequest): boolean => request.table === 'coil' || request.table === 'discrete';

/** What a protocol data unit says in answer to a request to read. */
export function answerOf(request: ReadRequest, pdu: Uint8Array): Answer {
  const code = readFunctions[request.table];
  const [first = 0, second = 0] = pdu;
  if (first === (code | exceptionBit) && pdu.length === 2) return exceptionOf(asked(request), second, exceptions);
  if (first !== code) return { kind: 'failed', failure: `${asked(request)}: the answer is for function ${first}.` };
  const expected = isBits(request) ? Math.ceil(request.count / 8) : request.count * 2;
  const data = pdu.subarray(2);
  if (second !== expected || data.length !== expected) {
    return {
      kind: 'failed',
      failure: `${asked(request)}: the answer has ${data.length} bytes of data, not ${expected}.`,
    };
  }
  return { kind: 'data', data };
}

/** What a protocol data unit says in answer to a request to write. */
export function writeAnswerOf(request: WriteRequest, pdu: Uint8Array): WriteAnswer {
  const expected = writePdu(request);
  const [first = 0, second = 0] = pdu;
  if (first === (expected[0]! | exceptionBit) && pdu.length === 2) {
    const meanings = writeExceptions.has(second) ? writeExceptions : exceptions;
    return exceptionOf(told(request), second, meanings);
  }
  if (fits(expected, pdu)) return { kind: 'done' };
  const hex = Buffer.from(pdu.subarray(0, answerSize(expected))).toString('hex');
  return { kind: 'unanswered', failure: `${told(request)}: the answer is for something else (${hex}).` };
}

function exceptionOf(begin: string, code: number, meanings: ReadonlyMap<number, string>): ExceptionAnswer {
  const meaning = meanings.get(code) ?? 'which Modbus does not define';
  return { kind: 'exception', code, failure: `${begin}: exception ${code}, ${meaning}.` };
}

/** Who was asked for what: the begin of a sentence. */
export function asked(request: ReadRequest): string {
  const { unit, table, address, count } = request;
  const what = isBits(request) ? table : `${table} register`;
  return `Device ${unit}, asked for ${count === 1 ? `${what} ${address}` : `${what}s ${address} to ${address + count - 1}`}`;
}

/** Who was told to write what: the begin of a sentence. */
export function told(request: WriteRequest): string {
  const { unit, kind, address } = request;
  const last = address + ('values' in request ? request.values.length : 1) - 1;
  const what = last === address ? `${kind} ${address}` : `${kind} ${address} to ${last}`;
  return `Device ${unit}, told to write ${what}`;
}
