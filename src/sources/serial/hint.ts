import type { SerialPortStatus } from './status.ts';

/** So much noise is no half frame, and no boot message. */
const muchBytes = 256;
const manyRequests = 3;

/** What is likely to be wrong with a port that is open although nothing of it can be read, and what to do, as sentences; null: nothing. */
export function hintFor(port: Omit<SerialPortStatus, 'hint'>): string | null {
  const { state, profile, path, line, bytes, frames, requests, unanswered } = port;
  if (state !== 'open' || frames > 0) return null;
  const find = `take the port out of the configuration and run \`headgate serial scan ${path}\`, which finds out`;
  if (bytes >= muchBytes)
    return `${bytes} bytes came at ${line}, and none of them are a frame of ${profile}. The speed (\`baud\`, \`format\`) or the profile is likely to be another one: ${find}.`;
  // The last one may still be answered.
  if (unanswered >= manyRequests && unanswered >= requests - 1)
    return `It has answered none of ${unanswered} requests. See whether it is on, its cable (TX and RX, A and B) and its speed (${line}).`;
  return null;
}
