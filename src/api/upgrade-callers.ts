import type { IncomingMessage } from 'node:http';
import type { Principal } from '../core/principal.ts';
import type { Identify } from './guard.ts';
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
    if (!('kind' in found)) return problem(found.code, found.detail);
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
