import { HeadgateError } from '../core/errors.ts';
import type { Principal } from '../core/principal.ts';
import { isRefusal } from '../core/shelf.ts';
import type { UnixMs } from '../core/time.ts';
import { type Account, type Proof, scopeFault, usualDeviceScopes } from './account.ts';
import type { AuditLog } from './audit.ts';
import type { AuthBook } from './auth-book.ts';
import { passwordFault } from './login.ts';
import type { Passwords } from './passwords.ts';
import { digestOf, newId, newSecret, randomText, tokenText } from './secrets.ts';
import type { Sessions } from './sessions.ts';

export interface ChangesDependencies {
  readonly book: AuthBook;
  readonly passwords: Passwords;
  readonly sessions: Sessions;
  readonly audit: AuditLog;
}

/** Who changes something, and from where. */
export interface By {
  readonly by: Principal;
  readonly from: string;
}

/** Somebody new, and what they show: told once, and known to nobody afterwards. */
export interface Made {
  readonly account: Account;
  readonly token?: string;
  readonly password?: string;
}

/** Credentials that are wanted for a device. */
export interface DeviceWish {
  readonly device: string;
  /** The MQTT user name; without it, the device's id. */
  readonly name?: string;
  /** One that was chosen; without it, one is made. */
  readonly password?: string;
  readonly scopes?: readonly string[];
  /** A client certificate instead of a password: by the name in its subject, or by its SHA-256 in hex. */
  readonly commonName?: string;
  readonly fingerprint?: string;
}

/** What accounts are called in the audit log. */
const kinds = { program: 'token', person: 'user', device: 'credential' } as const;

/** What administrators do to people, programs and devices: each change is noted together with what it changes. */
export class Changes {
  readonly #deps: ChangesDependencies;

  constructor(deps: ChangesDependencies) {
    this.#deps = deps;
  }

  /** @throws {HeadgateError} as {@link AuthBook.add} */
  async addProgram(name: string, scopes: readonly string[], expiresAt: UnixMs | undefined, by: By): Promise<Made> {
    const id = newId();
    const secret = newSecret();
    const proof = { kind: 'secret', digest: digestOf(secret) } as const;
    const account = await this.#add(
      { id, kind: 'program', name, scopes, proof, ...(expiresAt !== undefined && { expiresAt }) },
      'token.create',
      by,
    );
    return { account, token: tokenText(id, secret) };
  }

  /** @param wanted scopes; without them the first is an administrator, others read. @throws {HeadgateError} as {@link AuthBook.add}; overload.shed */
  async addPerson(name: string, password: string, wanted: readonly string[] | undefined, by: By): Promise<Made> {
    const isFirst = !this.#deps.book.hasPeople;
    const scopes = wanted ?? [isFirst ? 'admin' : 'read'];
    // From then on it is not enough to be on the machine.
    if (isFirst && !scopes.includes('admin'))
      throw new HeadgateError(
        'request.conflict',
        'The first of all people has to be an administrator: give them `admin`.',
      );
    const proof = await this.#passwordProof(password, name);
    return { account: await this.#add({ kind: 'person', name, scopes, proof }, 'user.create', by) };
  }

  /** @throws {HeadgateError} as {@link AuthBook.add}; overload.shed */
  async addDevice(wish: DeviceWish, by: By): Promise<Made> {
    const { device, name = wish.commonName ?? device, scopes = usualDeviceScopes(device) } = wish;
    if (wish.scopes === undefined && /[+#]/.test(device))
      throw new HeadgateError(
        'request.invalid',
        'The id of this device is no topic: say with `scopes` what it may do.',
      );
    const { proof, password } = await this.#deviceProof(wish, name);
    const account = await this.#add({ kind: 'device', name, scopes, proof, device }, 'credential.create', by);
    return { account, ...(password !== undefined && { password }) };
  }

  /**
   * Changes a person's password: their sessions and connections end, also when the disk refuses the password.
   *
   * @throws {HeadgateError} request.unknown, request.invalid; buffer.failed when the disk refuses it
   */
  async changePassword(id: string, password: string, by: By, exceptSession?: string): Promise<void> {
    const { book, sessions } = this.#deps;
    const account = book.find(id);
    if (account?.kind !== 'person')
      throw new HeadgateError('request.unknown', `There is nobody with the id \`${id.slice(0, 40)}\`.`);
    const proof = await this.#passwordProof(password, account.name);
    const alongside = () => {
      sessions.endAllOf(id, exceptSession);
      book.cut(id);
      return this.#note('user.password', account.name, by);
    };
    try {
      await book.change(id, { proof }, alongside);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // In memory it would hold until the next start, and then be the old one again: who counts on it would be shut out, or have let others in.
      const detail =
        'The disk refused it: the password is still the old one. Other sessions of this person have ended.';
      throw new HeadgateError('buffer.failed', detail, { cause: error });
    }
  }

  /**
   * Changes what somebody may do: their connections end, so that what they open anew has the new rights.
   *
   * @throws {HeadgateError} request.unknown, request.invalid; request.conflict for the last administrator
   */
  async changeScopes(id: string, scopes: readonly string[], by: By): Promise<Account> {
    const { book } = this.#deps;
    const account = book.find(id);
    const fault = scopeFault(scopes);
    if (fault !== undefined) throw new HeadgateError('request.invalid', fault);
    if (account !== undefined && !scopes.includes('admin')) this.#keepAdmin(account);
    const note = () => {
      book.cut(id);
      return this.#note(`${kinds[account!.kind]}.scopes`, `${account!.name}: ${scopes.join(' ')}`, by);
    };
    return await book.change(id, { scopes: [...scopes] }, note);
  }

  /**
   * Takes somebody out, with their sessions and connections.
   *
   * @throws {HeadgateError} request.unknown; request.conflict for the last administrator
   */
  async remove(id: string, by: By): Promise<void> {
    const { book, sessions } = this.#deps;
    const account = book.find(id);
    if (account === undefined) throw new HeadgateError('request.unknown', `There is no \`${id.slice(0, 40)}\`.`);
    this.#keepAdmin(account);
    this.#note(`${kinds[account.kind]}.revoke`, account.name, by);
    sessions.endAllOf(id);
    await book.remove(id);
  }

  /** @throws {HeadgateError} request.conflict when somebody is the last administrator */
  #keepAdmin(account: Account): void {
    const isAdmin = (one: Account) => one.scopes.includes('admin');
    if (account.kind !== 'person' || !isAdmin(account)) return;
    if (this.#deps.book.list('person').filter(isAdmin).length > 1) return;
    const detail = `\`${account.name}\` is the last administrator: make another one first.`;
    throw new HeadgateError('request.conflict', detail);
  }

  async #add(fresh: Parameters<AuthBook['add']>[0], what: string, by: By): Promise<Account> {
    return await this.#deps.book.add(fresh, by.by.name, () => this.#note(what, fresh.name, by));
  }

  /** @returns as {@link AuditLog.note} */
  #note(what: string, about: string, { by, from }: By): () => void {
    return this.#deps.audit.note({ who: by.name, kind: by.kind, from, what, about, outcome: 'done' });
  }

  async #passwordProof(password: string, name: string): Promise<Proof> {
    const fault = passwordFault(password, name);
    if (fault !== undefined) throw new HeadgateError('request.invalid', fault);
    return { kind: 'password', hash: await this.#deps.passwords.hash(password) };
  }

  async #deviceProof(wish: DeviceWish, name: string): Promise<{ proof: Proof; password?: string }> {
    const { commonName, fingerprint, password } = wish;
    if (commonName !== undefined || fingerprint !== undefined) {
      if (password !== undefined || (commonName !== undefined && fingerprint !== undefined))
        throw new HeadgateError('request.invalid', 'Give one of `password`, `commonName` and `fingerprint`.');
      const digits = fingerprint?.replaceAll(':', '').toLowerCase();
      if (digits !== undefined && !/^[0-9a-f]{64}$/.test(digits))
        throw new HeadgateError(
          'request.invalid',
          '`fingerprint` must be the SHA-256 of a certificate: 64 hex digits.',
        );
      return {
        proof: {
          kind: 'certificate',
          ...(digits === undefined ? { commonName: commonName! } : { fingerprint: digits }),
        },
      };
    }
    if (password !== undefined) return { proof: await this.#passwordProof(password, name) };
    // 24 letters of 31 are 118 bits: enough for a plain hash, and still to be typed into a device's settings.
    const made = randomText(24);
    return { proof: { kind: 'secret', digest: digestOf(made) }, password: made };
  }
}
