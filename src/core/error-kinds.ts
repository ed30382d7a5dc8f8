/** What a kind of failure is called by each protocol. */
export interface ErrorKind {
  /** HTTP's status (RFC 9110 §15, RFC 6585), and what it says in words. */
  readonly http: number;
  readonly title: string;
  /** gRPC's status: its number and its name. */
  readonly grpc: readonly [number: number, name: string];
  /** With what a WebSocket is closed when it has to be: RFC 6455 §7.4 where that has a code, 4000 and HTTP's status where not. */
  readonly webSocket: number;
  /** MQTT 5's reason code (§2.4). */
  readonly mqtt: number;
  /** A command's exit code: 2 is what shells use for wrong usage, 78 `EX_CONFIG` of sysexits.h. */
  readonly exit: number;
  /** Whether the same request can succeed later, and how long to wait at least; undefined: it has to be another one. */
  readonly retryAfterSeconds?: number;
  /** Of our own inside, so nobody beyond the log and the terminal is told more than that it happened. */
  readonly isPrivate?: true;
}

/** Every kind of failure that a protocol can tell apart. */
export const errorKinds = {
  /** The request can't be right as it is. */
  invalid: kind(400, 'Bad request', [3, 'INVALID_ARGUMENT'], 4400, 0x83),
  /** Nobody has said who asks. */
  anonymous: kind(401, 'Unauthorized', [16, 'UNAUTHENTICATED'], 4401, 0x87),
  /** What was said of who asks is not true. */
  unauthenticated: kind(401, 'Unauthorized', [16, 'UNAUTHENTICATED'], 4401, 0x86),
  /** Whoever asks may not. */
  forbidden: kind(403, 'Forbidden', [7, 'PERMISSION_DENIED'], 4403, 0x87),
  /** There is no such thing. */
  unknown: kind(404, 'Not found', [5, 'NOT_FOUND'], 4404, 0x83),
  /** It is there, and takes something else. */
  notAllowed: kind(405, 'Method not allowed', [12, 'UNIMPLEMENTED'], 4405, 0x83),
  /** It came too slowly. */
  late: kind(408, 'Request timeout', [4, 'DEADLINE_EXCEEDED'], 4408, 0x83, { retryAfterSeconds: 0 }),
  /** Not as things stand. */
  conflict: kind(409, 'Conflict', [9, 'FAILED_PRECONDITION'], 4409, 0x83),
  /** Not as long as the same is under way. */
  underWay: kind(409, 'Conflict', [10, 'ABORTED'], 4409, 0x83, { retryAfterSeconds: 1 }),
  /** Somebody else changed it in between. */
  changed: kind(412, 'Precondition failed', [10, 'ABORTED'], 4412, 0x83),
  /** Larger than is taken. */
  tooLarge: kind(413, 'Content too large', [8, 'RESOURCE_EXHAUSTED'], 1009, 0x95),
  longUri: kind(414, 'URI too long', [8, 'RESOURCE_EXHAUSTED'], 1009, 0x95),
  /** In a form that is not taken. */
  unsupported: kind(415, 'Unsupported media type', [3, 'INVALID_ARGUMENT'], 1003, 0x99),
  /** It can be read, and contradicts what was said before. */
  contradictory: kind(422, 'Unprocessable content', [6, 'ALREADY_EXISTS'], 4422, 0x83),
  /** Whoever asks was wrong too often. */
  locked: kind(429, 'Too many requests', [8, 'RESOURCE_EXHAUSTED'], 4429, 0x9f, { retryAfterSeconds: 1 }),
  /** More than whoever asks may. */
  throttled: kind(429, 'Too many requests', [8, 'RESOURCE_EXHAUSTED'], 4429, 0x96, { retryAfterSeconds: 1 }),
  /** More at a time than whoever asks may have. */
  crowded: kind(429, 'Too many requests', [8, 'RESOURCE_EXHAUSTED'], 4429, 0x97, { retryAfterSeconds: 5 }),
  longHeaders: kind(431, 'Request header fields too large', [8, 'RESOURCE_EXHAUSTED'], 1009, 0x95),
  /** Our own trouble, of which can be told. */
  failed: kind(500, 'Internal server error', [13, 'INTERNAL'], 1011, 0x80),
  /** Our own trouble, which is told in the log and on the terminal. */
  inside: kind(500, 'Internal server error', [13, 'INTERNAL'], 1011, 0x80, { isPrivate: true }),
  /** The same, and it is the configuration's. */
  configuration: kind(500, 'Internal server error', [13, 'INTERNAL'], 1011, 0x80, { exit: 78, isPrivate: true }),
  /** The same, and it is the command line's. */
  usage: kind(500, 'Internal server error', [13, 'INTERNAL'], 1011, 0x80, { exit: 2, isPrivate: true }),
  /** Not now. MQTT has a code for that of its own, which only a CONNACK may have. */
  unavailable: kind(503, 'Service unavailable', [14, 'UNAVAILABLE'], 1013, 0x89, { retryAfterSeconds: 5 }),
  /** Not now, as there is too much of it. */
  busy: kind(503, 'Service unavailable', [14, 'UNAVAILABLE'], 1013, 0x89, { retryAfterSeconds: 5 }),
  /** Not now, as what it needs is full. */
  full: kind(503, 'Service unavailable', [14, 'UNAVAILABLE'], 1013, 0x97, { retryAfterSeconds: 5 }),
  /** Not before the gateway is back. */
  stopping: kind(503, 'Service unavailable', [14, 'UNAVAILABLE'], 1012, 0x8b, { retryAfterSeconds: 5 }),
} as const satisfies Readonly<Record<string, ErrorKind>>;

export type ErrorKindName = keyof typeof errorKinds;

function kind(
  http: number,
  title: string,
  grpc: readonly [number: number, name: string],
  webSocket: number,
  mqtt: number,
  rest: Partial<Pick<ErrorKind, 'exit' | 'retryAfterSeconds' | 'isPrivate'>> = {},
): ErrorKind {
  return { http, title, grpc, webSocket, mqtt, exit: 1, ...rest };
}
