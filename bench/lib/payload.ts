/** Bytes of every payload that the bench publishes. */
export const payloadBytes = 80;

/** By length, so that what the numbers leave open is filled exactly. */
const states: Readonly<Record<number, string>> = { 3: 'run', 4: 'idle', 5: 'ready', 6: 'steady' };

/** A small seeded generator (mulberry32): every peer and every round gets the same values. Gives numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One sensor message: JSON of four numbers and a short string, always {@link payloadBytes} long. */
export function payload(random: () => number): string {
  const temperature = (10 + 29 * random()).toFixed(2);
  const humidity = (10 + 89 * random()).toFixed(2);
  const battery = (2 + 2 * random()).toFixed(2);
  const count = Math.floor(10 ** (4 * random()));
  const start = `{"temperature":${temperature},"humidity":${humidity},"battery":${battery},"count":${count},"state":"`;
  return `${start}${states[payloadBytes - start.length - 2]}"}`;
}
