import { RE2JS } from 're2js';
import type { CommandAnswer, ExpectedAnswer, SerialWords } from '../../core/command.ts';
import { writeValue } from '../binary/write-value.ts';
import { checksumBytes, checksumOf } from '../framing/checksums.ts';
import type { AnswerOptions, CommandOptions } from '../language/command-options.ts';
import { type CommandValue, shown } from './command-value.ts';

/** Bytes for a serial line, or why there are none, as the rest of a sentence. */
export type SerialCommand = ({ readonly kind: 'send' } & SerialWords) | Refused;
export interface Refused {
  readonly kind: 'refused';
  readonly reason: string;
}

const refused = (reason: string): Refused => ({ kind: 'refused', reason });

/** A command as it is sent over a serial line. Pure. @param asked the value is the word that is sent for it already */
export function serialCommand(options: CommandOptions, asked: CommandValue): SerialCommand {
  const { send, answer } = options;
  const made = send === undefined ? binaryCommand(options, asked.value) : textCommand(send, options, asked);
  if (!(made instanceof Uint8Array)) return made;
  return { kind: 'send', bytes: made, ...(answer && { answer: expectedAnswer(answer) }) };
}

function textCommand(send: string, { checksum }: CommandOptions, { value, parts }: CommandValue): Uint8Array | Refused {
  const isWhole = send.includes('{value}');
  let missing: string | undefined;
  let control: string | undefined;
  const filled = send.replace(/\{([^{}]+)\}/g, (whole, key: string) => {
    if (key === 'checksum') return whole;
    const part = key === 'value' ? value : parts.get(key);
    if (part === undefined) missing ??= key;
    const text = String(part);
    // A line end in it would make two commands of one.
    if (/[\p{Cc}]/u.test(text)) control ??= key;
    return text.replaceAll('{checksum}', '');
  });
  if (missing !== undefined) return refused(`its value is ${shown(value)}, but must be an object with ${missing}`);
  if (control !== undefined)
    return refused(`its ${isWhole ? 'value' : control} holds characters that are no text, such as a line end`);
  if (checksum === undefined) return Buffer.from(filled);
  const [before = '', after = ''] = filled.split('{checksum}');
  const sum = checksumAfter(checksum, Buffer.from(before));
  if (!(sum instanceof Uint8Array)) return sum;
  return Buffer.from(before + Buffer.from(sum).toString('hex').toUpperCase() + after);
}

function binaryCommand(
  { sendHex = '', type = 'uint8', order, length, checksum }: CommandOptions,
  value: CommandValue['value'],
): Uint8Array | Refused {
  const pieces: Uint8Array[] = [];
  let hasChecksum = false;
  const addChecksum = (): Refused | undefined => {
    const sum = checksumAfter(checksum!, Buffer.concat(pieces));
    if (!(sum instanceof Uint8Array)) return sum;
    pieces.push(sum);
    hasChecksum = true;
    return undefined;
  };
  for (const [piece] of sendHex.matchAll(/\{\w+\}|[0-9a-fA-F]{2}/g)) {
    if (piece === '{value}') {
      const written = writeValue(value, type, order, length);
      if ('fault' in written) return refused(`its value is ${shown(value)}, ${written.fault}`);
      pieces.push(written.bytes);
    } else if (piece === '{checksum}') {
      const fault = addChecksum();
      if (fault !== undefined) return fault;
    } else pieces.push(Buffer.from(piece, 'hex'));
  }
  if (checksum !== undefined && !hasChecksum) {
    const fault = addChecksum();
    if (fault !== undefined) return fault;
  }
  return Buffer.concat(pieces);
}

function checksumAfter(
  { kind, from = 0, to = 0, order }: NonNullable<CommandOptions['checksum']>,
  before: Uint8Array,
): Uint8Array | Refused {
  const end = to <= 0 ? before.length + to : to;
  if (end > before.length || from > end) return refused('its profile has its checksum cover bytes that are not there');
  return checksumBytes(kind, checksumOf(kind, before, from, end), order);
}

/** What a frame says of a command, by its profile. */
export function expectedAnswer(options: AnswerOptions): ExpectedAnswer {
  const isDone = recogniser(options);
  const isFailed = options.failed === undefined ? undefined : recogniser(options.failed);
  return {
    timeoutMs: options.timeout,
    read: (frame): CommandAnswer | undefined => {
      const failure = isFailed?.(frame);
      if (failure !== undefined) {
        const reason = failure.reason ?? `the device answered ${shownFrame(frame)}`;
        return { outcome: 'failed', reason, result: frame };
      }
      return isDone(frame) === undefined ? undefined : { outcome: 'ok', result: frame };
    },
  };
}

interface Found {
  readonly reason?: string;
}

function recogniser({
  pattern,
  text,
  hex,
}: AnswerOptions['failed'] & object): (frame: Uint8Array) => Found | undefined {
  if (pattern === undefined) {
    const begin = text === undefined ? Buffer.from((hex ?? '').replaceAll(' ', ''), 'hex') : Buffer.from(text);
    return (frame) =>
      frame.length >= begin.length && begin.every((byte, index) => frame[index] === byte) ? {} : undefined;
  }
  const compiled = RE2JS.compile(pattern);
  const hasReason = Object.hasOwn(compiled.namedGroups(), 'reason');
  return (frame) => {
    const matcher = compiled.matcher(latin1(frame));
    if (!matcher.find()) return undefined;
    const reason = hasReason ? matcher.group('reason') : null;
    return reason ? { reason } : {};
  };
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

function shownFrame(frame: Uint8Array): string {
  const text = latin1(frame);
  return /^[\x20-\x7e]+$/.test(text) ? shown(text) : Buffer.from(frame.subarray(0, 32)).toString('hex');
}
