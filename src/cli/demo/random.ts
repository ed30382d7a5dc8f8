/** The next random number, from 0 to below 1. */
export type Random = () => number;

const steps = 2 ** 32;

/** Random numbers that are the same for the same seed, each well mixed from a counter. */
export function seeded(seed: number): Random {
  let count = Math.trunc(seed) >>> 0;
  return () => {
    count = (count + 0x9e3779b9) >>> 0;
    return scatter(count);
  };
}

/** A number from 0 to below 1 that belongs to a whole number for ever: neighbours have nothing in common. */
export function scatter(whole: number): number {
  // The finalizer of MurmurHash3 (32 bits): every input bit moves every output bit.
  let mixed = whole >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / steps;
}

/** Around 0, most often near it, never beyond `spread` on either side. */
export function noise(random: Random, spread: number): number {
  return (random() - random()) * spread;
}
