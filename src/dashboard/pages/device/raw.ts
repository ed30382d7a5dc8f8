import type { GetDevicesIdMessagesAnswer } from '../../api/schema.ts';

export type RawMessage = GetDevicesIdMessagesAnswer['messages'][number];

const maxShown = 100;
const perLine = 16;

/** Messages that are new before those that are there: of those the gateway has only the last. */
export function withNews(before: readonly RawMessage[], now: readonly RawMessage[]): readonly RawMessage[] {
  const known = new Set(before.map(keyOf));
  const news = now.filter((one) => !known.has(keyOf(one)));
  return news.length === 0 ? before : [...news, ...before].slice(0, maxShown);
}

const keyOf = ({ receivedAt, number }: RawMessage): string => `${receivedAt} ${number}`;

/** `48 65 6c 6c 6f`, 16 bytes a line with what they are in ASCII. */
export function hexOf(base64: string): string {
  const text = atob(base64);
  const lines: string[] = [];
  for (let at = 0; at < text.length; at += perLine) {
    const part = text.slice(at, at + perLine);
    const hex = Array.from(part, (char) => char.charCodeAt(0).toString(16).padStart(2, '0')).join(' ');
    lines.push(`${hex.padEnd(perLine * 3)} ${part.replace(/[^ -~]/g, '.')}`);
  }
  return lines.join('\n');
}
