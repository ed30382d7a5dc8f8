// Commits one group after the other until 16,000 records are durable. Says what has become durable; when the sink fails,
// says so, waits for a line on standard input, opens the sink again and goes on with the group that failed.
import { readSync, writeSync } from 'node:fs';
import { HeadgateError } from '../../src/core/errors.ts';
import { deliveryOf, openSink, range } from './fixtures.ts';

const [address = ''] = process.argv.slice(2);
let sink = openSink(address);
for (let first = 1; first <= 16_000; ) {
  try {
    sink.commit([deliveryOf('gw', 'e', [range(first, first + 999)])]);
    writeSync(1, `durable ${first + 999}\n`);
    first += 1000;
  } catch (error) {
    if (!(error instanceof HeadgateError)) throw error;
    sink.close();
    writeSync(1, `${error.code}\n`);
    readSync(0, Buffer.alloc(1));
    sink = openSink(address);
  }
}
sink.close();
