import type { Message } from '../core/message.ts';
import { type Usage, wrong } from './arguments.ts';

/** Hexadecimal digits as bytes. @throws {HeadgateError} usage.invalid */
export function bytesOf(usage: Usage, hex: string): Uint8Array {
  const digits = hex.replace(/\s/g, '');
  if (!/^([0-9a-f]{2})*$/i.test(digits))
    throw wrong(usage, '--payload-hex takes pairs of hexadecimal digits, such as 7b7d.');
  return Buffer.from(digits, 'hex');
}

/** `TOPIC=TEXT` as a message. @throws {HeadgateError} usage.invalid */
export function messageIn(usage: Usage, given: string): Message {
  const at = given.indexOf('=');
  if (at < 1) throw wrong(usage, `--after takes TOPIC=TEXT, not ${given}.`);
  return { source: 'mqtt', topic: given.slice(0, at), payload: new TextEncoder().encode(given.slice(at + 1)) };
}
