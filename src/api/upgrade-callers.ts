import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { failureOf } from '../core/errors.ts';
import type { Principal } from '../core/principal.ts';
import { closeCodeOf } from './failure-forms.ts';
import { type Identify, refused } from './guard.ts';
import type { LiveApi } from './live/live-routes.ts';
import { type Problem, problem } from './problem.ts';

/** Who asks to open WebSockets for which one has to say who one is. */
export class UpgradeCallers {
  readonly #identify: Identify;
  /** Between being asked for and being let in. */
  readonly #known = new WeakMap<IncomingMessage, Principal>();

  constructor(identify: Identify) {
    this.#identify = identify;
  }

  /** As an `UpgradeRoute` has it. */
  readonly refuse = (request: IncomingMessage): Problem | undefined => {
    const found = this.#identify(request);
    if (!('kind' in found)) return refused(found);
    if (found.kind === 'nobody')
      return problem(
        'access.unknown',
        'A WebSocket is opened by whoever says who they are: `Authorization: Bearer TOKEN` does.',
      );
    this.#known.set(request, found);
    return undefined;
  };

  /** Who was let in. */
  of(request: IncomingMessage): Principal {
    return this.#known.get(request)!;
  }
}

/** Watches over a WebSocket. @returns takes that back; undefined: its caller has too many, and is told so by a close code that a page can see */
export function watchOrRefuse(
  watch: LiveApi['watch'],
  principal: Principal,
  webSocket: WebSocket,
  end: () => void,
): (() => void) | undefined {
  try {
    return watch(principal, end);
  } catch (error) {
    const { code, detail } = failureOf(error);
    // A close has room for 123 bytes of text (RFC 6455 § 5.5.1).
    webSocket.close(
      closeCodeOf(code),
      Buffer.from(detail)
        .subarray(0, 120)
        .toString()
        .replace(/\uFFFD$/, ''),
    );
    return undefined;
  }
}
