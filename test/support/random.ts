import { randomInt } from 'node:crypto';
import type { TestContext } from 'node:test';

/** Random numbers that a seed can bring back. */
export interface Random {
  /** From 0 to below 1. */
  next(): number;
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number;
  /** Bytes. */
  bytes(length: number): Buffer;
}

/** Mulberry32: small, fast, good enough to choose moments and garbage. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  return { next, between, bytes: (length) => Buffer.from(Array.from({ length }, () => between(0, 255))) };
}

/** A new seed each time, told by the test, so that a failure can be replayed: `HEADGATE_SEED=… npm test -- FILE`. */
export function seededRandom(t: TestContext): Random {
  const seed = Number(process.env.HEADGATE_SEED ?? randomInt(2 ** 31));
  t.diagnostic(`HEADGATE_SEED=${seed}`);
  return randomOf(seed);
}

/** How often a test that plays dice does so: `HEADGATE_LONG=1` takes the larger number. */
export function rounds(usual: number, long: number): number {
  return process.env.HEADGATE_LONG === '1' ? long : usual;
}
