import { randomUUID } from 'node:crypto';
import { type Command, commandIdPattern } from '../core/command.ts';
import type { Principal } from '../core/principal.ts';
import type { Priority } from '../core/priority.ts';
import { timeOf } from './window.ts';

/** A command as somebody gives it, whatever the protocol; what is not there, or undefined, is not said. */
export interface GivenCommand {
  readonly id?: unknown;
  readonly name?: unknown;
  readonly payload: Uint8Array;
  readonly priority?: unknown;
  readonly expiresAt?: unknown;
  readonly expiresInSeconds?: unknown;
}

const maxPayload = 64 * 1024;
const maxName = 200;
const priorities: readonly Priority[] = ['critical', 'normal', 'bulk'];
const maxSeconds = 31_536_000;

/**
 * The command that is given to a device; a sentence when it can't be.
 *
 * @param usualId what it is called when nobody says
 */
export function commandFrom(
  deviceId: string,
  { id, name = '', payload, priority = 'normal', expiresAt, expiresInSeconds }: GivenCommand,
  principal: Principal,
  usualId: string = randomUUID(),
): Command | string {
  if (id !== undefined && (typeof id !== 'string' || !commandIdPattern.test(id))) {
    return '`id` must have 1 to 64 letters, digits, - and _.';
  }
  if (typeof name !== 'string' || name.length > maxName || /\p{Cc}/u.test(name)) {
    return `\`name\` must be a text of up to ${maxName} characters in one line.`;
  }
  if (payload.length > maxPayload) return `The payload must have up to ${maxPayload} bytes.`;
  if (!isPriority(priority)) return `\`priority\` must be ${priorities.join(', ')}.`;
  const isSpan = typeof expiresInSeconds === 'number' && expiresInSeconds > 0 && expiresInSeconds <= maxSeconds;
  if (expiresInSeconds !== undefined && !isSpan) return '`expiresInSeconds` must be a number above 0, up to a year.';
  const atMs = expiresAt === undefined ? undefined : timeOf(expiresAt);
  if (expiresAt !== undefined && atMs === undefined) return '`expiresAt` must be a time with its zone.';
  return {
    id: id ?? usualId,
    deviceId,
    name,
    payload,
    priority,
    ...(atMs !== undefined && { expiresAt: atMs }),
    ...(isSpan && { expiresInMs: Math.round(expiresInSeconds * 1_000) }),
    by: principal.name,
  };
}

function isPriority(value: unknown): value is Priority {
  return priorities.some((one) => one === value);
}
