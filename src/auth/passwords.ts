import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { HeadgateError } from '../core/errors.ts';

/** How dear a guess is: N, r and p of scrypt (RFC 7914), which takes 128 × N × r bytes. */
export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** A password as it is kept. */
export interface PasswordHash extends ScryptCost {
  /** Base64url. */
  readonly salt: string;
  readonly hash: string;
}

/**
 * 16 MiB and, on a small board, most of a second: what OWASP's cheat sheet on password storage holds as good as 128 MiB once,
 * which a gateway may not have.
 */
export const usualCost: ScryptCost = { N: 2 ** 14, r: 8, p: 5 };

const hashBytes = 32;
/** Node's threads for such work are four, and files need some too. */
const maxRunning = 2;
const busySeconds = 2;

export interface PasswordLimits {
  readonly cost?: ScryptCost;
  /** So many may wait for their turn. Default 16. */
  readonly maxWaiting?: number;
  /** Computes the hash; for tests, to count. Default: scrypt of `node:crypto`. */
  readonly derive?: typeof deriveKey;
}

/**
 * Makes and checks password hashes on other threads, two at a time, so that nobody who tries passwords takes the time of
 * others. Whether a name exists can't be told from how long it takes.
 */
export class Passwords {
  readonly #cost: ScryptCost;
  readonly #maxWaiting: number;
  readonly #derive: typeof deriveKey;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** What was found right, under a key of this process: devices that come back all at once need no second scrypt. */
  readonly #rightKey = randomBytes(32);
  readonly #right = new Map<string, Buffer>();

  constructor({ cost = usualCost, maxWaiting = 16, derive = deriveKey }: PasswordLimits = {}) {
    this.#cost = cost;
    this.#maxWaiting = maxWaiting;
    this.#derive = derive;
  }

  /** @throws {HeadgateError} overload.shed */
  async hash(password: string): Promise<PasswordHash> {
    const salt = randomBytes(16);
    const { N, r, p } = this.#cost;
    const hash = await this.#inTurn(() => this.#derive(password, salt, this.#cost));
    return { N, r, p, salt: salt.toString('base64url'), hash: hash.toString('base64url') };
  }

  /**
   * Whether a password is the one that was hashed; without a hash it never is, after the same time.
   *
   * @throws {HeadgateError} overload.shed
   */
  async isRight(password: string, kept: PasswordHash | undefined): Promise<boolean> {
    const known = kept && this.#right.get(kept.hash);
    if (known !== undefined && timingSafeEqual(known, this.#mark(password))) return true;
    const { salt = 'none', hash = '' } = kept ?? {};
    const found = await this.#inTurn(() => this.#derive(password, Buffer.from(salt, 'base64url'), kept ?? this.#cost));
    const expected = Buffer.from(hash, 'base64url');
    const isRight = expected.length === found.length && timingSafeEqual(expected, found);
    if (isRight && kept !== undefined) this.#remember(kept.hash, password);
    return isRight;
  }

  /** Whether it was hashed more cheaply than is usual now. */
  isOutdated({ N, r, p }: PasswordHash): boolean {
    return N * r * p < this.#cost.N * this.#cost.r * this.#cost.p;
  }

  #mark(password: string): Buffer {
    return createHmac('sha256', this.#rightKey).update(password).digest();
  }

  #remember(hash: string, password: string): void {
    if (this.#right.size >= 10_000) this.#right.clear();
    this.#right.set(hash, this.#mark(password));
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= maxRunning) {
      if (this.#waiting.length >= this.#maxWaiting)
        throw new HeadgateError('overload.shed', 'Too many passwords are being checked at this moment.', {
          retryAfterSeconds: busySeconds,
        });
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running++;
    try {
      return await work();
    } finally {
      // Whoever waits next takes this one's place.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}

function deriveKey(password: string, salt: Buffer, { N, r, p }: ScryptCost): Promise<Buffer> {
  // Twice what it needs: Node's own limit is just under that of the usual cost.
  const maxmem = 256 * N * r;
  return new Promise((resolve, reject) => {
    // The same letters typed on two keyboards may be different characters.
    scrypt(password.normalize('NFKC'), salt, hashBytes, { N, r, p, maxmem }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
