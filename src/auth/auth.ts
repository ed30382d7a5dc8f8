import { join } from 'node:path';
import { localPrincipal, nobody, type Principal } from '../core/principal.ts';
import type { Shelf } from '../core/shelf.ts';
import type { Clock, MonotonicMs } from '../core/time.ts';
import type { ListenerTls } from '../lib/listener-tls.ts';
import type { Log } from '../lib/log.ts';
import { isLoopback } from '../lib/loopback.ts';
import { privateFile } from '../lib/private-file.ts';
import type { Service } from '../lib/service.ts';
import type { Account } from './account.ts';
import { AuditLog } from './audit.ts';
import { AuthBook } from './auth-book.ts';
import { Changes } from './changes.ts';
import { type LoginOutcome, login } from './login.ts';
import { isSigned, machineKeyFile } from './machine-key.ts';
import { ofMqtt, type ShownByMqtt } from './mqtt-access.ts';
import type { AuthOptions } from './options.ts';
import { Passwords } from './passwords.ts';
import { newSecret } from './secrets.ts';
import { Sessions } from './sessions.ts';
import { Setup } from './setup.ts';
import { LoginThrottle } from './throttle.ts';
import { ServerCertificate } from './tls/server-certificate.ts';

export interface AuthDependencies {
  readonly options: AuthOptions;
  /** Where all of it is kept, and the time that the gateway has run, summed over all its runs, in ms. */
  readonly buffer: { readonly shelf: Shelf; readonly operatingMs: MonotonicMs };
  /** The directory of what only the gateway's own user may read. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  /** For tests. */
  readonly passwords?: Passwords;
}

const expireMs = 5_000;

/** Who may do what: everybody who is known, how they show who they are, and what they did. */
export class Auth implements Service {
  readonly name = 'auth';
  readonly book: AuthBook;
  readonly sessions: Sessions;
  readonly audit: AuditLog;
  readonly setup: Setup;
  readonly changes: Changes;
  readonly passwords: Passwords;
  /** Of the listeners that speak TLS, by part: `mqtt`, `http`, `grpc`. */
  readonly certificates = new Map<string, ServerCertificate>();
  readonly #deps: AuthDependencies;
  readonly #throttle: LoginThrottle;
  #machineKey: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: AuthDependencies) {
    this.#deps = deps;
    const { options, buffer, clock, log } = deps;
    const { shelf } = buffer;
    const operatingMs = () => buffer.operatingMs;
    this.passwords = deps.passwords ?? new Passwords();
    this.#throttle = new LoginThrottle(() => clock.monotonic());
    this.book = new AuthBook({ shelf, clock, maxAccounts: options.maxAccounts, log });
    this.sessions = new Sessions({ shelf, operatingMs, limits: options, log });
    this.audit = new AuditLog({ shelf, clock, maxEntries: options.maxAuditEntries, log });
    this.changes = new Changes(this);
    const windowMs = options.setupWindow;
    this.setup = new Setup({ ...this, throttle: this.#throttle, operatingMs, windowMs, log });
  }

  /** @throws {HeadgateError} buffer.failed when the shelf can't be read; data.unwritable */
  async start(): Promise<void> {
    const path = join(this.#deps.directory, machineKeyFile);
    this.#machineKey = (await privateFile(path, "This machine's key", () => `${newSecret()}\n`)).trim();
    await Promise.all([this.audit.load(), this.sessions.load()]);
    await this.book.load();
    this.#timer = setInterval(() => this.book.expire(), expireMs).unref();
    await this.setup.provision(this.#deps.options.administrator);
    this.setup.announce();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
  }

  /** False until it is known who there is. */
  get isReady(): boolean {
    return this.book.isLoaded;
  }

  /** Whether to be on this machine is enough, as nobody was set up who could sign in. */
  get trustsThisMachine(): boolean {
    return this.isReady && !this.book.hasPeople;
  }

  /** Who shows a token; undefined when it is unknown, revoked or expired. */
  ofToken(token: string): Principal | undefined {
    return this.book.ofToken(token);
  }

  /** Who shows a signature of a request by this machine's key; undefined when it is none. */
  ofMachine(shown: string, method: string, path: string): Principal | undefined {
    const key = this.#machineKey;
    return key !== undefined && isSigned(key, shown, method, path, Date.now()) ? localPrincipal : undefined;
  }

  /** Where certificates of the gateway's own are. */
  get tlsDirectory(): string {
    return join(this.#deps.directory, 'tls');
  }

  /** For the MQTT broker. */
  forMqtt<O extends ListenerTls>({ anonymous, tls }: { readonly anonymous: boolean; readonly tls: O }) {
    const of = (shown: ShownByMqtt) => ofMqtt(this, shown, anonymous);
    return { access: { of, book: this.book, audit: this.audit }, tls: this.tls(tls, 'mqtt.tls') };
  }

  /** How a listener speaks TLS; undefined when it does not. @param key of its options, for messages */
  tls<O extends ListenerTls>(options: O, key: string): { options: O; certificate: ServerCertificate } | undefined {
    if (!options.enabled) return undefined;
    const { clock, log } = this.#deps;
    const certificate = new ServerCertificate({ options, key, directory: this.tlsDirectory, clock, log });
    this.certificates.set(key.split('.')[0] ?? key, certificate);
    return { options, certificate };
  }

  /** Who calls from an address, without HTTP: by `Bearer TOKEN`, else by being on this machine while that is enough. A sentence: why not. */
  ofCall(address: string, authorization: string | undefined): Principal | string {
    const [, token] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    if (authorization !== undefined)
      return (token && this.ofToken(token)) || 'This token is unknown, expired or revoked.';
    return isLoopback(address) && this.trustsThisMachine ? localPrincipal : nobody;
  }

  /** Whose browser session it is; undefined when it is over, or they are gone. */
  ofSession(id: string): Principal | undefined {
    const personId = this.sessions.personOf(id);
    return personId === undefined ? undefined : this.book.principal(personId);
  }

  /** @param isMeant which kinds of account may sign in here; people alone without it */
  login(
    given: { readonly name: string; readonly password: string; readonly address: string },
    isMeant: (account: Account) => boolean = ({ kind }) => kind === 'person',
  ): Promise<LoginOutcome> {
    return login({ ...this, throttle: this.#throttle }, given, isMeant);
  }
}
