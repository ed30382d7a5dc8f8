import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { Load } from './load.ts';
import { checkPacedCalls } from './paced-check.ts';
import { payload, payloadBytes, seeded } from './payload.ts';
import { percentilesOf, spreadOf } from './statistics.ts';

/** What a made-up broker answers to the n-th PUBLISH (from 1): these acknowledgements, by packet id. */
type Answer = (id: number, n: number) => readonly number[];

const messages = 5_000;

/**
 * Before anything is measured: would it be noticed if a broker lost messages, or acknowledged what it never got? Or if a server
 * answered late or wrongly?
 *
 * @throws an AssertionError when not
 */
export async function selfCheck(): Promise<void> {
  const random = seeded(1);
  for (let n = 0; n < 10_000; n++) {
    const text = payload(random);
    assert.equal(Buffer.byteLength(text), payloadBytes);
    if (n < 100) JSON.parse(text);
  }
  assert.deepEqual(spreadOf([3, 1, 2, 10]), { median: 2.5, min: 1, max: 10 });
  assert.deepEqual(percentilesOf([5, 1, 4, 2, 3]), { count: 5, p50: 3, p90: 5, p95: 5, p99: 5, max: 5 });

  const honest = await publishTo((id) => [id]);
  assert.equal(honest.outcome, `${messages} acknowledged`);
  assert.equal(honest.received, messages, 'every message reached the broker, once');
  const losing = await publishTo((id, n) => (n === messages / 2 ? [] : [id]));
  assert.match(losing.outcome, /1 of \d+ messages were not acknowledged/);
  const doubling = await publishTo((id, n) => (n === messages / 2 ? [id, id] : [id]));
  assert.match(doubling.outcome, /not in flight/);
  const closing = await publishTo((id, n) => (n === messages / 2 ? [-1] : [id]));
  assert.match(closing.outcome, /closed by the broker|ECONNRESET|EPIPE/);
  await checkPacedCalls();
}

async function publishTo(answer: Answer): Promise<{ readonly outcome: string; readonly received: number }> {
  let received = 0;
  const server = createServer((socket) =>
    serve(socket, (id) => {
      received++;
      return answer(id, received);
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const load = await Load.connect({
    port: address.port,
    connections: 10,
    pace: { kind: 'window', size: 100 },
    isTimed: false,
    stallMs: 300,
  });
  const outcome = await load.run(messages, 10_000).then(
    ({ counts }) => `${counts.acknowledged} acknowledged`,
    (error: Error) => error.message,
  );
  await load.end();
  server.close();
  return { outcome, received };
}

/** The least of a broker. Answers go out in pieces that cut packets apart. */
function serve(socket: Socket, onPublish: (id: number) => readonly number[]): void {
  let held = Buffer.alloc(0);
  socket.setNoDelay(true);
  // The load generator may end while answers are on their way.
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    const answers: number[] = [];
    // All packets of the load are shorter than 128 bytes: one byte of length.
    while (held.length >= 2 && held.length >= held[1]! + 2) {
      const packet = held.subarray(0, held[1]! + 2);
      held = held.subarray(packet.length);
      if (packet[0] === 0x10) answers.push(0x20, 2, 0, 0);
      else {
        const topicLength = packet.readUInt16BE(2);
        for (const id of onPublish(packet.readUInt16BE(4 + topicLength))) {
          if (id === -1) {
            socket.destroy();
            return;
          }
          answers.push(0x40, 2, id >> 8, id & 0xff);
        }
      }
    }
    for (let at = 0; at < answers.length; at += 299) socket.write(Buffer.from(answers.slice(at, at + 299)));
  });
}
