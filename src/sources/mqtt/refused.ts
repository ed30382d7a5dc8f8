/** Why a connection was refused or ended by us. */
export const refusedReasons = [
  'too-many-connections',
  /** It came from another machine without credentials. */
  'anonymous',
  /** Its user name or password was wrong. */
  'bad-credentials',
  /** Too many wrong ones came before, or at the same time. */
  'throttled',
  /** It may not do what it wanted. */
  'not-authorized',
  /** Whoever it is was revoked. */
  'revoked',
  /** Its TLS handshake failed. */
  'tls-failed',
  'connect-timeout',
  'keepalive-timeout',
  'packet-too-large',
  /** It did not read what waited for it. */
  'drain-timeout',
  /** It read what it had subscribed to too slowly for messages that it must not miss. */
  'slow-subscriber',
  /** The gateway could not take its message; it may send it again. */
  'not-taken',
  /** Its network connection broke. */
  'connection-lost',
  /** What it sent is not MQTT, or not allowed by it. */
  'protocol-error',
] as const;

export type RefusedReason = (typeof refusedReasons)[number];

/**
 * Why a local subscriber did not get a message. Records are not affected. `sessions-full`: at start there were more
 * sessions than are kept, and this one was forgotten. `too-many-requests`: decoders asked too many devices for something at
 * once; they ask again. `expired`: its publisher's Message Expiry Interval was over. `too-large`: the client takes no packet of that size.
 */
export const skippedReasons = [
  'slow-subscriber',
  'queue-full',
  'retained-full',
  'sessions-full',
  'too-many-requests',
  'expired',
  'too-large',
] as const;

export type SkippedReason = (typeof skippedReasons)[number];

const byMessage: readonly (readonly [RegExp, RefusedReason])[] = [
  [/TLS handshake failed/, 'tls-failed'],
  [/connect did not arrive in time/, 'connect-timeout'],
  [/keep alive timeout/, 'keepalive-timeout'],
  [/packet too large/, 'packet-too-large'],
  [/drain timeout/, 'drain-timeout'],
  [/bad user name or password/, 'bad-credentials'],
  [/too many connections/, 'too-many-connections'],
  [/Server unavailable/, 'throttled'],
  [/may not publish|identifier rejected/, 'not-authorized'],
  [/no room for its will/, 'not-taken'],
  [/not authorized/, 'anonymous'],
  [/ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|Premature close|connection closed/, 'connection-lost'],
];

/** aedes tells its errors apart by their text alone. */
export function reasonOf(error: Error): RefusedReason {
  const text = `${(error as NodeJS.ErrnoException).code ?? ''} ${error.message}`;
  return byMessage.find(([pattern]) => pattern.test(text))?.[1] ?? 'protocol-error';
}
