import { type ErrorCode, type Failure, kindOf } from '../core/errors.ts';

// A failure as each protocol of the HTTP port tells it, but for REST (problem.ts) and gRPC (wire/rpc-status.ts).

/** What a WebSocket is told. */
export interface ErrorFrame extends Failure {
  readonly type: 'error';
  /** Of the frame that it answers, when that had one. */
  readonly id?: string | number;
}

export function errorFrame(failure: Failure, id?: string | number): ErrorFrame {
  return { type: 'error', ...(id !== undefined && { id }), ...failure };
}

/** With what a WebSocket is closed that is over because of a failure. */
export function closeCodeOf(code: ErrorCode): number {
  return kindOf(code).webSocket;
}

/** What an event stream is told, whole. An `EventSource` knows its own failures by that name too: those have no `data`. */
export function errorEvent(failure: Failure): string {
  return `event: error\ndata: ${JSON.stringify(failure)}\n\n`;
}

/** What a GraphQL error has for `extensions`; `detail` is its message. */
export function graphqlExtensions({ detail, ...rest }: Failure): Omit<Failure, 'detail'> {
  return rest;
}
