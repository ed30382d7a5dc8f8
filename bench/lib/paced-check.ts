import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import { pacedCalls } from './paced.ts';
import { WebCaller } from './web-caller.ts';

const perSecond = 200;
const seconds = 0.2;
const stallMs = 100;

/**
 * Would it be noticed if a server answered late, wrongly, by halves, or not at all? One that stalls keeps all waiting that are
 * due meanwhile, not only the one that was asked first.
 *
 * @throws an AssertionError when not
 */
export async function checkPacedCalls(): Promise<void> {
  const prompt = await timesOf((response) => response.end('right'));
  assert.equal(prompt.length, perSecond * seconds);
  assert.ok(prompt.every((ms) => ms > 0));
  let stalledUntil: Promise<void> | undefined;
  const stalled = await timesOf(async (response, n) => {
    if (n === 10) stalledUntil = new Promise((resolve) => setTimeout(resolve, stallMs));
    await stalledUntil;
    response.end('right');
  });
  const due = (perSecond * stallMs) / 1_000;
  assert.ok(stalled.filter((ms) => ms >= stallMs / 2).length >= due / 4, 'who is due while a server stalls waits');
  await assert.rejects(
    timesOf((response, n) => response.writeHead(n === 10 ? 503 : 200).end('right')),
    /answered with 503/,
  );
  await assert.rejects(
    timesOf((response, n) => response.end(n === 10 ? 'wrong' : 'right')),
    /answered wrong/,
  );
  await assert.rejects(
    timesOf((response, n) => {
      if (n !== 10) response.end('right');
      else response.writeHead(200, { 'content-length': 5 }).write('ri', () => response.destroy());
    }),
    /aborted|ECONNRESET|socket hang up/,
  );
  await assert.rejects(
    timesOf((response, n) => n !== 10 && response.end('right')),
    /in vain for the last answers/,
  );
}

/** @param answer what a made-up server does with the n-th request, from 1 */
async function timesOf(answer: (response: ServerResponse, n: number) => unknown): Promise<Float64Array> {
  let asked = 0;
  const server = createServer((_, response) => void answer(response, ++asked));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const caller = new WebCaller(`127.0.0.1:${address.port}`);
  try {
    return await pacedCalls({
      perSecond,
      seconds,
      limitMs: 300,
      call: () => caller.call({ method: 'GET', path: '/' }),
      check: ({ text }) => {
        if (text !== 'right') throw new Error(`the server answered ${text}`);
      },
    });
  } finally {
    caller.close();
    server.closeAllConnections();
    server.close();
  }
}
