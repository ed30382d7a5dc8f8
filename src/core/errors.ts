/**
 * Every way in which Headgate fails, with the sentence that says what to do next. A boundary (MQTT, HTTP, gRPC,
 * the command line) maps codes to its own protocol in one place; nobody else needs to tell errors apart.
 */
export const errorCodes = {
  'config.invalid': 'Correct the configuration as the message says; `headgate check` tells when it is right.',
  'config.unreadable': 'Check the path and its permissions.',
  'usage.invalid': 'Run `headgate --help` for the verbs and their options.',
  'data.unwritable': 'Give the user that runs Headgate write access to the directory, or name another with `dataDir`.',
  'data.in-use': 'Another Headgate runs on this data directory: stop it, or name another directory with `dataDir`.',
  'data.newer': 'Install the Headgate version that made it, or a newer one. The data has not been touched.',
  'data.unreadable':
    'The file has not been touched. Move it aside to start afresh, and keep it: its records can be salvaged.',
  'port.taken': 'Stop the program that listens there, or choose another port.',
  'port.forbidden': 'Choose a port above 1023, or allow this program to bind low ports.',
  'address.unavailable': 'Choose an address that this machine has; 127.0.0.1 and 0.0.0.0 always work.',
  'buffer.failed':
    'The disk refused a write: see the log, check its space and health. The message was not acknowledged.',
  'buffer.full':
    'The buffer has no room for records that must not be lost: restore the uplink, or raise `buffer.maxBytes`. The message was not acknowledged; send it again.',
  'buffer.closed': 'The gateway is shutting down: send the message again when it is back.',
  'backup.failed': "Check the space and health of the disk that it goes to. The gateway's own data is not affected.",
  'backup.invalid': 'Nothing has been restored. Copy the backup here again, or use another one.',
  'directory.not-empty': 'Name a directory that is empty, or one that does not exist yet.',
  'directory.not-data': "Name the gateway's own data directory: the folder that `dataDir` names.",
  'sink.failed':
    "Check the disk's space and health, or the NATS server. Nothing was acknowledged: gateways keep the records and send them again.",
  'gateway.unreachable': 'Start it with `npm start`, or name its address with --url.',
  'gateway.refused': 'Do as the message says, and ask again.',
  'collector.unreachable': 'Start it with `headgate collector`, or name its address with --url.',
  'collector.refused': 'Do as the message says, and ask again.',
  'enrolment.refused': 'Ask whoever runs the collector for a new token: `headgate collector enrol-token`.',
  'access.unknown': 'Say who you are, with a token or a password.',
  'access.denied': 'Ask whoever runs this gateway for more rights, or use other credentials.',
  'request.invalid': 'Correct the request as the message says.',
  'request.unknown': 'Check the name: there is nothing of that name here.',
  'request.conflict': 'Do as the message says, and ask again.',
  'startup.failed': 'See the cause in the log.',
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** The one error class of Headgate: a code from {@link errorCodes}, a sentence for people, and the cause. */
export class HeadgateError extends Error {
  override readonly name = 'HeadgateError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  /** What to do next, in one sentence. */
  get advice(): string {
    return errorCodes[this.code];
  }
}

/** What a thrown value says, in one line: an Error's message, or the value itself as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
