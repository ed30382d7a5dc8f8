import { HeadgateError } from '../core/errors.ts';
import type { Principal } from '../core/principal.ts';
import type { MonotonicMs } from '../core/time.ts';
import type { Log } from '../lib/log.ts';
import type { Account } from './account.ts';
import type { AuditLog } from './audit.ts';
import type { AuthBook } from './auth-book.ts';
import { passwordFault } from './login.ts';
import { passwordHashOf } from './password-text.ts';
import type { Passwords } from './passwords.ts';
import { isSame, randomText } from './secrets.ts';
import type { LoginThrottle } from './throttle.ts';

/**
 * Whether there is an administrator yet.
 *
 * `done`: there are people. `open`: whoever is in the same network may make the first one, without a word. `code`: whoever has the code
 * of this run may.
 */
export type SetupState = 'done' | 'open' | 'code';

/** Where somebody calls from: this machine, the same network, or anywhere. */
export type Nearness = 'here' | 'near' | 'far';

export interface SetupDependencies {
  readonly book: AuthBook;
  readonly passwords: Passwords;
  readonly throttle: LoginThrottle;
  readonly audit: AuditLog;
  readonly operatingMs: () => MonotonicMs;
  /** In ms of operating time since the first start. */
  readonly windowMs: number;
  readonly log: Log;
}

/** The name that the throttle knows tries with the code by. */
const codeName = 'setup code';

/** The first administrator: there is no default password. */
export class Setup {
  readonly #deps: SetupDependencies;
  /** 50 bits of chance, and a throttle before it. */
  readonly #code = `${randomText(5)}-${randomText(5)}`;
  #isClaiming = false;

  constructor(deps: SetupDependencies) {
    this.#deps = deps;
  }

  get state(): SetupState {
    if (this.#deps.book.hasPeople) return 'done';
    return this.#deps.operatingMs() < this.#deps.windowMs ? 'open' : 'code';
  }

  /** What lets the first administrator in from anywhere; undefined once there is one. */
  get code(): string | undefined {
    return this.#deps.book.hasPeople ? undefined : this.#code;
  }

  /**
   * Makes the administrator that the configuration names, where nobody is set up: what cannot be done is said in the log, and leaves the other
   * ways open. Durable when it resolves.
   */
  async provision({ name, passwordHash }: { readonly name: string; readonly passwordHash?: string }): Promise<void> {
    const { book, audit, log } = this.#deps;
    if (passwordHash === undefined || book.hasPeople) return;
    const hash = passwordHashOf(passwordHash);
    if (hash === undefined) {
      log.warn({ name }, '`auth.administrator.passwordHash` is not what `headgate user hash` prints: nobody is made.');
      return;
    }
    const proof = { kind: 'password', hash } as const;
    try {
      await book.add({ kind: 'person', name, scopes: ['admin'], proof }, 'configuration', () =>
        audit.note({ who: name, kind: 'person', from: 'the configuration', what: 'setup', outcome: 'done' }),
      );
      log.info({ name }, 'The administrator that `auth.administrator` names is set up.');
    } catch (error) {
      log.warn({ err: error, name }, 'The administrator that `auth.administrator` names could not be made.');
    }
  }

  /** Tells in the log how the first administrator is made. */
  announce(): void {
    const { log, windowMs } = this.#deps;
    switch (this.state) {
      case 'done':
        return;
      case 'open':
        log.info(
          { windowMinutes: Math.round(windowMs / 60_000) },
          'Nobody is set up yet: whoever is in the same network may make the first administrator now, at /api/v1/setup or in a browser. `headgate user add NAME` does it here.',
        );
        return;
      case 'code':
        log.info(
          {},
          'Nobody is set up yet: make the first administrator with `headgate user add NAME` here, or elsewhere with the code that `headgate setup-code` prints.',
        );
        return;
    }
  }

  /**
   * Makes the first administrator; durable when it resolves.
   *
   * @throws {HeadgateError} request.conflict when there is one; access.denied without a code, auth.failed with a wrong one;
   * auth.throttled after too many of these; request.invalid
   */
  async claim(asked: {
    readonly name: string;
    readonly password: string;
    readonly code?: string | undefined;
    readonly nearness: Nearness;
    readonly address: string;
    /** Called when nothing is in the way any more, before they are made. */
    readonly onClaim?: () => void;
  }): Promise<{ readonly account: Account; readonly principal: Principal }> {
    const { book, passwords, audit } = this.#deps;
    const { name, password, nearness, address } = asked;
    if (book.hasPeople || this.#isClaiming)
      throw new HeadgateError('request.conflict', 'This gateway is set up already.');
    if (nearness !== 'here' && !(nearness === 'near' && this.state === 'open')) this.#checkCode(asked.code, address);
    const fault = passwordFault(password, name);
    if (fault !== undefined) throw new HeadgateError('request.invalid', fault);
    this.#isClaiming = true;
    try {
      const hash = await passwords.hash(password);
      const proof = { kind: 'password', hash } as const;
      asked.onClaim?.();
      const account = await book.add({ kind: 'person', name, scopes: ['admin'], proof }, 'setup', () =>
        audit.note({ who: name, kind: 'person', from: address, what: 'setup', outcome: 'done' }),
      );
      return { account, principal: book.principal(account.id)! };
    } finally {
      this.#isClaiming = false;
    }
  }

  #checkCode(code: string | undefined, address: string): void {
    const { throttle, audit } = this.#deps;
    if (code === undefined) {
      const how =
        'Making the first administrator from here takes the code that `headgate setup-code` prints on the gateway.';
      throw new HeadgateError('access.denied', how);
    }
    const retryAfterSeconds = Math.ceil(throttle.waitMs(codeName, address) / 1_000);
    if (retryAfterSeconds > 0)
      throw new HeadgateError('auth.throttled', 'Too many codes were wrong.', { retryAfterSeconds });
    const isRight = isSame(code.trim().toLowerCase(), this.#code);
    throttle.begin(codeName, address)(isRight);
    if (isRight) return;
    audit.note({ who: 'somebody', kind: 'nobody', from: address, what: 'setup', outcome: 'refused' });
    throw new HeadgateError('auth.failed', 'This is not the code. `headgate setup-code` prints it on the gateway.');
  }
}
