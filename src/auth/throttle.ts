import { isIPv6 } from 'node:net';
import type { MonotonicMs } from '../core/time.ts';
import { RecentMap } from '../lib/recent-map.ts';

/** What has failed lately, and until when nothing more is tried. */
interface Failures {
  readonly count: number;
  readonly waitUntil: MonotonicMs;
  readonly lastAt: MonotonicMs;
}

/** So many mistakes are free; then each doubles the wait. */
const free = { pair: 5, address: 20, name: 50 };
const firstWaitMs = 1_000;
/** A name that is tried from everywhere keeps its owner waiting no longer than this, where they never were before. */
const longestWaitMs = { pair: 15 * 60_000, address: 15 * 60_000, name: 60_000 };
/** After so long without a mistake all is forgotten. */
const forgetMs = 60 * 60_000;
const maxRemembered = 10_000;
/** So many at a time from one place: what is checked takes its time, and others have a turn too. */
const maxTrying = 4;

type Level = keyof typeof free;

/**
 * Holds back whoever tries passwords: by name and address together, by address, and, more gently, by name. Whoever has signed in
 * from an address before is not held back there by what others try elsewhere. Bounded, whatever is tried.
 */
export class LoginThrottle {
  readonly #failures = new RecentMap<string, Failures>(maxRemembered);
  readonly #welcome = new RecentMap<string, true>(maxRemembered);
  readonly #trying = new Map<string, number>();
  readonly #now: () => MonotonicMs;

  constructor(now: () => MonotonicMs) {
    this.#now = now;
  }

  /** How long to wait before a password may be tried, in ms; 0: not at all. */
  waitMs(name: string, address: string): number {
    const place = placeOf(address);
    const known = this.#welcome.get(`${name} ${place}`) === true;
    const keys = keysOf(name, place).filter(([level]) => level === 'pair' || !known);
    if ((this.#trying.get(place) ?? 0) >= maxTrying) return firstWaitMs;
    return Math.max(0, ...keys.map(([, key]) => this.#waitOf(key)));
  }

  /** A password is being tried. @returns to be called with what came of it */
  begin(name: string, address: string): (isRight: boolean | undefined) => void {
    const place = placeOf(address);
    this.#trying.set(place, (this.#trying.get(place) ?? 0) + 1);
    return (isRight) => {
      const left = this.#trying.get(place)! - 1;
      if (left > 0) this.#trying.set(place, left);
      else this.#trying.delete(place);
      if (isRight === true) this.#succeeded(name, place);
      else if (isRight === false) for (const [level, key] of keysOf(name, place)) this.#failed(level, key);
    };
  }

  #succeeded(name: string, place: string): void {
    const pair = `${name} ${place}`;
    this.#welcome.set(pair, true);
    this.#failures.delete(`pair ${pair}`);
  }

  #failed(level: Level, key: string): void {
    const now = this.#now();
    const before = this.#failures.get(key);
    const count = before === undefined || now - before.lastAt > forgetMs ? 1 : before.count + 1;
    const over = count - free[level];
    const waitMs = over < 0 ? 0 : Math.min(firstWaitMs * 2 ** Math.min(over, 20), longestWaitMs[level]);
    this.#failures.set(key, { count, waitUntil: now + waitMs, lastAt: now });
  }

  #waitOf(key: string): number {
    const found = this.#failures.get(key);
    return found === undefined ? 0 : found.waitUntil - this.#now();
  }
}

function keysOf(name: string, place: string): readonly (readonly [Level, string])[] {
  return [
    ['pair', `pair ${name} ${place}`],
    ['address', `address ${place}`],
    ['name', `name ${name}`],
  ];
}

/** Whoever has one IPv6 address has all of its /64. */
export function placeOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail = ''] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const missing = plain.includes('::') ? 8 - left.length - right.length : 0;
  return [...left, ...Array<string>(Math.max(0, missing)).fill('0'), ...right].slice(0, 4).join(':');
}
