// Commits groups to a sink for ever, and says after each what has become durable, until it is killed.
// Arguments: the sink's address, a seed, the first sequence that has not been sent yet.
import { writeSync } from 'node:fs';
import { deliveryOf, openSink, range } from './fixtures.ts';

const [address = '', seed = '1', firstNew = '1'] = process.argv.slice(2);
let state = Number(seed);
let next = Number(firstNew);
const sink = openSink(address);
for (;;) {
  const group = Array.from({ length: 1 + random(3) }, () => deliveryOf('gw', 'e', [nextRun(), olderRun()]));
  for (const outcome of sink.commit(group)) {
    if (outcome.name !== 'durable') throw new Error(`a delivery was ${outcome.name}`);
    for (const { first, last } of outcome.sequences) writeSync(1, `${first} ${last}\n`);
  }
}

function nextRun(): number[] {
  // A gap now and then: they are normal.
  const first = next + (random(8) === 0 ? 1 + random(3) : 0);
  next = first + 20 + random(200);
  return range(first, next - 1);
}

/** Something that was sent before, whether it became durable or not, and perhaps something that was left out. */
function olderRun(): number[] {
  const first = 1 + random(next);
  return range(first, Math.min(first + random(40), next - 1));
}

/** A whole number below `limit`; the same ones for the same seed. */
function random(limit: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
  return (state >>> 8) % limit;
}
