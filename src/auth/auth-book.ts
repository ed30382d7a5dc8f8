import { HeadgateError } from '../core/errors.ts';
import { localPrincipal, type Principal } from '../core/principal.ts';
import type { Shelf } from '../core/shelf.ts';
import type { Clock, UnixMs } from '../core/time.ts';
import type { Log } from '../lib/log.ts';
import {
  type Account,
  type AccountKind,
  type Alongside,
  certificateKey,
  decodeAccount,
  encodeAccount,
  type NewAccount,
  nameFault,
  nameKey,
  principalOf,
  scopeFault,
} from './account.ts';
import { OpenConnections } from './open-connections.ts';
import { digestOf, isSame, newId, tokenParts } from './secrets.ts';

const space = 'auth.accounts';
const usesSpace = 'auth.uses';
/** When an account was used last is told, and written, to the hour: no write for each request. */
const useMs = 3_600_000;

const nothing: Alongside = () => () => {};

interface Entry {
  readonly account: Account;
  readonly principal: Principal;
}

export interface AuthBookDependencies {
  readonly shelf: Shelf;
  readonly clock: Clock;
  readonly maxAccounts: number;
  readonly log: Log;
}

/**
 * Everybody who may do something: people, programs and devices. What is changed here is durable before it is answered, and
 * whoever is taken out is cut off at once, wherever they are connected.
 */
export class AuthBook {
  readonly #deps: AuthBookDependencies;
  readonly #entries = new Map<string, Entry>();
  /** By `KIND NAME`: people and devices share one set of names, as both may sign in at MQTT. */
  readonly #byName = new Map<string, Entry>();
  /** Ids of those that are known by a certificate, by its `fingerprint …` or `name …`. */
  readonly #certificates = new Map<string, string>();
  readonly #uses = new Map<string, UnixMs>();
  readonly #connections: OpenConnections;
  #isLoaded = false;
  #people = 0;

  constructor(deps: AuthBookDependencies) {
    this.#deps = deps;
    this.#connections = new OpenConnections(deps.log);
  }

  /** @throws {HeadgateError} buffer.failed when the shelf can't be read */
  async load(): Promise<void> {
    const { shelf, log } = this.#deps;
    let damaged = 0;
    for (const [key, value] of await shelf.entries(space)) {
      const account = decodeAccount(value);
      // It is left where it is: a version that wrote it may be able to read it.
      if (account === undefined || account.id !== key) damaged++;
      else this.#take(account);
    }
    for (const [key, value] of await shelf.entries(usesSpace)) {
      if (!this.#entries.has(key)) shelf.delete(usesSpace, key);
      else this.#uses.set(key, Number(Buffer.from(value).toString()) || 0);
    }
    if (damaged > 0)
      log.warn({ accounts: damaged }, 'Some people, tokens or credentials can not be read: they do not count.');
    this.#isLoaded = true;
  }

  /** False until everybody is known: nobody may be let in or turned away before. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Whether there is somebody who signs in with a password. */
  get hasPeople(): boolean {
    return this.#people > 0;
  }

  list(kind: AccountKind): readonly Account[] {
    return [...this.#entries.values()].map(({ account }) => account).filter((one) => one.kind === kind);
  }

  find(id: string): Account | undefined {
    return this.#entries.get(id)?.account;
  }

  /** Somebody by what they are called; people and devices are one set of names. */
  named(kind: AccountKind, name: string): Account | undefined {
    return this.#byName.get(nameKey(kind, name))?.account;
  }

  /** When an account was used last, to the hour. */
  lastUsedAt(id: string): UnixMs | undefined {
    return this.#uses.get(id);
  }

  /** Who an account stands for now; undefined when it is gone or its time is over. */
  principal(id: string): Principal | undefined {
    const entry = this.#entries.get(id);
    return entry === undefined || this.#isOver(entry.account) ? undefined : entry.principal;
  }

  /** Who shows a token; undefined when it is none that counts. */
  ofToken(text: string): Principal | undefined {
    const parts = tokenParts(text);
    return parts && this.ofSecret(parts.id, parts.secret);
  }

  /** Who has an id and shows its random secret. */
  ofSecret(id: string, secret: string): Principal | undefined {
    const proof = this.#entries.get(id)?.account.proof;
    if (proof?.kind !== 'secret' || !isSame(proof.digest, digestOf(secret))) return undefined;
    return this.used(id);
  }

  /** Whose client certificate it is: its fingerprint counts before its name. */
  ofCertificate({
    commonName,
    fingerprint,
  }: {
    readonly commonName?: string;
    readonly fingerprint: string;
  }): Principal | undefined {
    const id = this.#certificates.get(`fingerprint ${fingerprint}`) ?? this.#certificates.get(`name ${commonName}`);
    return id === undefined ? undefined : this.used(id);
  }

  /** Notes that an account was shown to be somebody's. Returns who it stands for. */
  used(id: string): Principal | undefined {
    const principal = this.principal(id);
    if (principal === undefined) return undefined;
    const now = this.#deps.clock.now();
    const hour = now - (now % useMs);
    if (this.#uses.get(id) !== hour) {
      this.#uses.set(id, hour);
      this.#deps.shelf.put(usesSpace, id, Buffer.from(String(hour)));
    }
    return principal;
  }

  /**
   * Takes somebody in; durable when it resolves.
   *
   * @param alongside called once it is sure that nothing is wrong: what it puts on the shelf becomes durable together with this, and what
   * it returns is called when the disk refuses it
   * @throws {HeadgateError} request.invalid for what is no name or no scope; request.conflict when the name is taken or there are
   * too many; buffer.failed when the disk refuses it
   */
  async add(fresh: NewAccount, createdBy: string, alongside: Alongside = nothing): Promise<Account> {
    const { clock, maxAccounts } = this.#deps;
    const { kind, name, scopes, proof, device, expiresAt, id = newId() } = fresh;
    const fault = nameFault(name) ?? scopeFault(scopes);
    if (fault !== undefined) throw new HeadgateError('request.invalid', fault);
    if (this.named(kind, name) !== undefined)
      throw new HeadgateError(
        'request.conflict',
        `There is a ${this.named(kind, name)!.kind} called \`${name}\` already.`,
      );
    if (this.#entries.size >= maxAccounts)
      throw new HeadgateError(
        'request.conflict',
        `There are ${maxAccounts} people, tokens and credentials: revoke some.`,
      );
    const account: Account = {
      id,
      kind,
      name,
      scopes: [...scopes],
      proof,
      createdAt: clock.now(),
      createdBy,
      ...(device !== undefined && { device }),
      ...(expiresAt !== undefined && { expiresAt }),
    };
    const certificate = certificateKey(account);
    if (certificate !== undefined && this.#certificates.has(certificate))
      throw new HeadgateError('request.conflict', 'This certificate is known already.');
    const isFirst = kind === 'person' && !this.hasPeople;
    this.#take(account);
    // Whoever is in by being on this machine is looked at anew.
    if (isFirst) this.cut(localPrincipal.id);
    const refused = alongside();
    try {
      await this.#save(account);
    } catch (error) {
      refused();
      // Whoever asked is told that it did not happen.
      this.#drop(account);
      this.#deps.shelf.delete(space, id);
      throw error;
    }
    return account;
  }

  /**
   * Changes what somebody is known by or may do; durable when it resolves.
   *
   * @param alongside as of {@link add} @throws {HeadgateError} request.unknown; buffer.failed when the disk refuses it
   */
  async change(
    id: string,
    to: Partial<Pick<Account, 'proof' | 'scopes'>>,
    alongside: Alongside = nothing,
  ): Promise<Account> {
    const account = this.find(id);
    if (account === undefined) throw new HeadgateError('request.unknown', `There is no \`${id.slice(0, 40)}\`.`);
    const changed = { ...account, ...to };
    this.#take(changed);
    const refused = alongside();
    return await this.#save(changed).catch((error: unknown) => {
      refused();
      this.#take(account);
      this.#deps.shelf.put(space, id, encodeAccount(account));
      throw error;
    });
  }

  /**
   * Takes somebody out: nothing that they show counts from now on, and their connections end. Durable when it resolves.
   * @returns who it was; undefined when there is nobody of that id
   */
  async remove(id: string): Promise<Account | undefined> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    this.#drop(entry.account);
    this.#uses.delete(id);
    this.#deps.shelf.delete(space, id);
    this.#deps.shelf.delete(usesSpace, id);
    this.cut(id);
    await this.#deps.shelf.saved();
    return entry.account;
  }

  /**
   * Registers a connection of somebody: `end` is called when they are revoked, at once when they already are.
   *
   * @returns takes the connection out; to be called when it is over
   */
  watch(principalId: string, end: () => void): () => void {
    if (principalId !== localPrincipal.id && this.principal(principalId) === undefined) {
      queueMicrotask(end);
      return () => {};
    }
    return this.#connections.add(principalId, end);
  }

  /** Ends every connection of somebody. */
  cut(principalId: string): void {
    this.#connections.end(principalId);
  }

  /** Ends the connections of those whose time is over; to be called every few seconds. */
  expire(): void {
    for (const id of this.#connections.ids) {
      const entry = this.#entries.get(id);
      if (entry !== undefined && this.#isOver(entry.account)) this.cut(id);
    }
  }

  #isOver({ expiresAt }: Account): boolean {
    return expiresAt !== undefined && expiresAt <= this.#deps.clock.now();
  }

  #take(account: Account): void {
    const entry = { account, principal: principalOf(account) };
    if (account.kind === 'person' && !this.#entries.has(account.id)) this.#people++;
    const certificate = certificateKey(account);
    if (certificate !== undefined) this.#certificates.set(certificate, account.id);
    this.#entries.set(account.id, entry);
    this.#byName.set(nameKey(account.kind, account.name), entry);
  }

  #drop(account: Account): void {
    const { id, kind, name } = account;
    const certificate = certificateKey(account);
    if (certificate !== undefined) this.#certificates.delete(certificate);
    if (this.#entries.delete(id) && kind === 'person') this.#people--;
    this.#byName.delete(nameKey(kind, name));
  }

  async #save(account: Account): Promise<Account> {
    this.#deps.shelf.put(space, account.id, encodeAccount(account));
    await this.#deps.shelf.saved();
    return account;
  }
}
