import { type ErrorKind, type ErrorKindName, errorKinds } from './error-kinds.ts';

/**
 * Every way in which Headgate fails: of which kind it is, and the sentence that says what to do next. What a protocol calls
 * a kind is in [error-kinds.ts](error-kinds.ts); the documented table in `src/api/README.md` is written from both.
 */
export const errorCodes = {
  'config.invalid': [
    'configuration',
    'Correct the configuration as the message says; `headgate check` tells when it is right.',
  ],
  'config.unreadable': ['configuration', 'Check the path and its permissions.'],
  'usage.invalid': ['usage', 'Run `headgate --help` for the verbs and their options.'],
  'data.unwritable': [
    'failed',
    'Give the user that runs Headgate write access to the directory, or name another with `dataDir`.',
  ],
  'data.full': ['failed', 'Make room on the disk, or name a directory on another one with `dataDir`.'],
  'data.in-use': [
    'inside',
    'Another Headgate runs on this data directory: stop it, or name another directory with `dataDir`.',
  ],
  'data.newer': ['inside', 'Install the Headgate version that made it, or a newer one. The data has not been touched.'],
  'data.unreadable': [
    'inside',
    'The file has not been touched. Move it aside to start afresh, and keep it: its records can be salvaged.',
  ],
  'port.taken': ['inside', 'Stop the program that listens there, or choose another port.'],
  'port.forbidden': ['inside', 'Choose a port above 1023, or allow this program to bind low ports.'],
  'address.unavailable': ['inside', 'Choose an address that this machine has; 127.0.0.1 and 0.0.0.0 always work.'],
  'buffer.failed': [
    'unavailable',
    'The disk refused a write: see the log, check its space and health. The message was not acknowledged.',
  ],
  'buffer.full': [
    'full',
    'Restore the uplink; or, as the message says, make room on the disk of `dataDir`, or raise the `maxBytes` of the buffer or the rule. The message was not acknowledged; send it again.',
  ],
  'buffer.closed': ['stopping', 'The gateway is shutting down: send the message again when it is back.'],
  'backup.failed': [
    'failed',
    "Check the space and health of the disk that it goes to. The gateway's own data is not affected.",
  ],
  'backup.invalid': ['inside', 'Nothing has been restored. Copy the backup here again, or use another one.'],
  'directory.not-empty': ['conflict', 'Name a directory that is empty, or one that does not exist yet.'],
  'directory.not-data': ['inside', "Name the gateway's own data directory: the folder that `dataDir` names."],
  'sink.failed': [
    'unavailable',
    "Check the disk's space and health, or the NATS server. Nothing was acknowledged: gateways keep the records and send them again.",
  ],
  'gateway.unreachable': ['inside', 'Start it with `npm start`, or name its address with --url.'],
  'gateway.refused': ['inside', 'Do as the message says, and ask again.'],
  'gateway.not-ready': ['unavailable', 'Wait until it is ready; `GET /api/v1/status` tells what it waits for.'],
  'collector.unreachable': ['inside', 'Start it with `headgate collector`, or name its address with --url.'],
  'collector.refused': ['inside', 'Do as the message says, and ask again.'],
  'appliance.none': [
    'unknown',
    'Only an appliance updates and restarts itself: elsewhere update the package or the container that Headgate was installed as.',
  ],
  'appliance.failed': ['failed', "See the log, and `systemctl status` of the unit on the machine's console."],
  'update.refused': [
    'invalid',
    'Get the bundle for this machine from where Headgate is published. Nothing was changed.',
  ],
  'update.unreachable': [
    'failed',
    'Check the address and the network, or give the bundle as a file. Nothing was changed.',
  ],
  'update.no-room': [
    'failed',
    'Make room on the data partition: an update needs some 300 MB for a moment. Nothing was changed.',
  ],
  'update.failed': ['failed', 'Try again. The version that runs is not affected, and is the one that starts again.'],
  'enrolment.refused': [
    'forbidden',
    'Ask whoever runs the collector for a new token: `headgate collector enrol-token`.',
  ],
  'history.unavailable': [
    'unavailable',
    'See the log for the reason. Records are not affected; the newest values are in `GET /api/v1/devices/{id}`.',
  ],
  'request.invalid': ['invalid', 'Correct the request as the message says.'],
  'request.unknown': ['unknown', 'Check the name: there is nothing of that name here.'],
  'request.conflict': ['conflict', 'Do as the message says, and ask again.'],
  'request.timeout': ['late', 'Send the whole request at once.'],
  'request.too-large': ['tooLarge', 'Send less at once: the message says how much is taken.'],
  'request.uri-too-long': ['longUri', 'Ask with a shorter URL.'],
  'request.headers-too-large': ['longHeaders', 'Send fewer or shorter headers; cookies count too.'],
  'request.unsupported': ['unsupported', 'Send it in a form that is taken here, and name that in `content-type`.'],
  'route.unknown': ['unknown', 'Look for the path in `/api/openapi.json`, or read `/api/docs`.'],
  'method.not-allowed': ['notAllowed', 'Use one of the methods that `allow` names.'],
  'device.unknown': ['unknown', 'Look for its id in `GET /api/v1/devices`.'],
  'access.unknown': ['anonymous', 'Say who you are, with a token or a password.'],
  'access.denied': ['forbidden', 'Ask whoever runs this gateway for more rights, or use other credentials.'],
  'server.failed': ['inside', "See the gateway's log; report it when it comes again."],
  'startup.failed': ['inside', 'See the cause in the log.'],

  'auth.failed': ['unauthenticated', 'Check the name and the password, or whether the token was revoked or is over.'],
  'auth.throttled': ['locked', 'Too many attempts failed: wait as long as you are told, then try again.'],
  'rate.limited': ['throttled', 'Send less often: wait as long as you are told, then try again.'],
  'connections.limited': [
    'crowded',
    'Close connections that are not needed, or ask whoever runs this gateway for more (`limits.connectionsPerCaller`).',
  ],
  'overload.shed': ['busy', 'The gateway has more to do than it can: wait as long as you are told, then try again.'],
  'command.unknown': ['unknown', "Look for its id in the device's `commands`."],
  'idempotency.conflict': [
    'contradictory',
    'Use a new key for another request; the first one was done as it was sent.',
  ],
  'idempotency.busy': ['underWay', 'The first request with this key is under way: ask again for its answer.'],
  'precondition.failed': ['changed', 'Read it again, and make the change to what it is now.'],
} as const satisfies Readonly<Record<string, readonly [kind: ErrorKindName, advice: string]>>;

export type ErrorCode = keyof typeof errorCodes;

/** What each protocol calls a failure with this code. */
export function kindOf(code: ErrorCode): ErrorKind {
  return errorKinds[errorCodes[code][0]];
}

export function adviceOf(code: ErrorCode): string {
  return errorCodes[code][1];
}

/** One thing that is wrong with what was given. */
export interface Fault {
  /** Where: a key of the configuration, `http.port`; list items in brackets. */
  readonly key: string;
  /** A sentence for people. */
  readonly message: string;
}

/** The one error class of Headgate: a code from {@link errorCodes}, a sentence for people, and the cause. */
export class HeadgateError extends Error {
  override readonly name = 'HeadgateError';
  readonly code: ErrorCode;
  /** How long to wait at least before it is tried again, where more is known than the table says. */
  readonly retryAfterSeconds: number | undefined;
  /** What is wrong one by one, where that is known by key. */
  readonly faults: readonly Fault[] | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options?: { cause?: unknown; retryAfterSeconds?: number; faults?: readonly Fault[] },
  ) {
    super(message, options);
    this.code = code;
    this.faults = options?.faults;
    this.retryAfterSeconds = options?.retryAfterSeconds;
  }

  /** What to do next, in one sentence. */
  get advice(): string {
    return adviceOf(this.code);
  }
}

/** What somebody outside is told of a failure, whatever the protocol. */
export interface Failure {
  readonly code: ErrorCode;
  /** What is wrong, in a sentence for people. Tells nothing of the inside. */
  readonly detail: string;
  /** What to do next, in one sentence. */
  readonly advice: string;
  /** Whether the same can succeed later. */
  readonly retryable: boolean;
  /** How long to wait at least, when it can; 0 is at once. */
  readonly retryAfterSeconds?: number;
  /** What is wrong one by one, where that is known by key. */
  readonly faults?: readonly Fault[];
}

/** @param detail one sentence; it goes to whoever asked, so it tells nothing of the inside */
export function failure(code: ErrorCode, detail: string, retryAfterSeconds?: number): Failure {
  const wait = retryAfterSeconds ?? kindOf(code).retryAfterSeconds;
  const said = { code, detail, advice: adviceOf(code) };
  return wait === undefined ? { ...said, retryable: false } : { ...said, retryable: true, retryAfterSeconds: wait };
}

/**
 * What somebody outside is told of something that was thrown. What is private, or was not expected, is `server.failed`: that
 * belongs in the log.
 */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof HeadgateError) || kindOf(error.code).isPrivate) {
    return failure('server.failed', 'The gateway could not do it: see its log.');
  }
  const said = failure(error.code, error.message, error.retryAfterSeconds);
  return error.faults === undefined ? said : { ...said, faults: error.faults };
}

/** What a thrown value says, in one line: an Error's message, or the value itself as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
