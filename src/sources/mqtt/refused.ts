/** Why a connection was refused or ended by us. */
export type RefusedReason =
  | 'too-many-connections'
  /** It came from another machine without credentials. */
  | 'anonymous'
  | 'connect-timeout'
  | 'keepalive-timeout'
  | 'packet-too-large'
  /** It did not read its own acknowledgements. */
  | 'drain-timeout'
  /** It did not read what it had subscribed to. */
  | 'slow-subscriber'
  /** The gateway could not take its message; it may send it again. */
  | 'not-taken'
  /** Its network connection broke. */
  | 'connection-lost'
  /** What it sent is not MQTT, or not allowed by it. */
  | 'protocol-error';

const byMessage: readonly (readonly [RegExp, RefusedReason])[] = [
  [/connect did not arrive in time/, 'connect-timeout'],
  [/keep alive timeout/, 'keepalive-timeout'],
  [/packet too large/, 'packet-too-large'],
  [/drain timeout/, 'drain-timeout'],
  [/not authorized/, 'anonymous'],
  [/The buffer's disk failed|not taking messages/, 'not-taken'],
  [/ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|Premature close|connection closed/, 'connection-lost'],
];

/** aedes tells its errors apart by their text alone. */
export function reasonOf(error: Error): RefusedReason {
  const text = `${(error as NodeJS.ErrnoException).code ?? ''} ${error.message}`;
  return byMessage.find(([pattern]) => pattern.test(text))?.[1] ?? 'protocol-error';
}
