import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import fc from 'fast-check';
import type { Handed, SerialWords } from '../../../src/core/command.ts';
import { createFramer } from '../../../src/profiles/framing/framing.ts';
import type { SerialLine } from '../../../src/profiles/serial-line.ts';
import type { SerialConnection } from '../../../src/sources/serial/connection.ts';
import { Conversation } from '../../../src/sources/serial/conversation.ts';

const pollTimeoutMs = 2_000;
const answerTimeoutMs = 1_500;
const line: SerialLine = {
  bauds: [9600],
  format: '8N1',
  isByPauses: false,
  beginsLate: false,
  newFramer: () => createFramer({ kind: 'lines' }),
  polls: [{ request: Buffer.from('poll\n'), everyMs: 5_000, timeoutMs: pollTimeoutMs }],
  acknowledge: undefined,
  key: '',
};

const events = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('tell' as const), hasAnswer: fc.boolean() }),
    fc.record({ kind: fc.constant('say' as const), text: fc.constantFrom('value\n' as const, 'done\n', 'no\n') }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 12_000 }) }),
    fc.record({ kind: fc.constant('pause' as const), isPaused: fc.boolean() }),
  ),
  { maxLength: 60 },
);

/** What is under way on the line, as somebody who taps it sees it. */
type Tapped = { readonly until: number } | undefined;

function wordsOf(id: number, hasAnswer: boolean): SerialWords {
  const bytes = Buffer.from(`do ${id}\n`);
  if (!hasAnswer) return { bytes };
  return {
    bytes,
    answer: {
      timeoutMs: answerTimeoutMs,
      read: (frame) => {
        const text = Buffer.from(frame).toString();
        if (text === 'done') return { outcome: 'ok' };
        return text === 'no' ? { outcome: 'failed', reason: 'no' } : undefined;
      },
    },
  };
}

test('a line has one thing at a time under way, and a command goes over it once at the most, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(events, fc.boolean(), async (all, isUnplugged) => {
      mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
      let now = 0;
      const clock = mock.method(performance, 'now', () => now);
      try {
        const written: string[] = [];
        const answering = new Set<string>();
        let tapped: Tapped;
        const { promise: closed, resolve } = Promise.withResolvers<string>();
        const connection: SerialConnection = {
          closed,
          pause() {},
          resume() {},
          close: resolve,
          setBaud: async () => {},
          write: (bytes) => {
            const text = Buffer.from(bytes).toString();
            assert.ok(tapped === undefined || tapped.until <= now, `${text.trim()} while something else is under way`);
            assert.ok(text === 'poll\n' || !written.includes(text), `${text.trim()} again`);
            written.push(text);
            tapped = undefined;
            if (text === 'poll\n') tapped = { until: now + pollTimeoutMs };
            else if (answering.has(text)) tapped = { until: now + answerTimeoutMs };
            return true;
          },
        };
        const counts = { bytes: 0, requests: 0, unanswered: 0 };
        const nothing = (): void => {};
        const sinks = { frame: nothing, refused: nothing, discarded: nothing };
        const conversation = new Conversation({ line, baud: 9600, quietMs: 60_000, counts, ...sinks });
        conversation.begin(connection, { everyMs: 60_000, obstacle: async () => undefined });
        const outcomes: [string, Promise<Handed>][] = [];
        for (const event of all) {
          if (event.kind === 'tell') {
            const words = wordsOf(outcomes.length, event.hasAnswer);
            const text = Buffer.from(words.bytes).toString();
            if (event.hasAnswer) answering.add(text);
            outcomes.push([text, conversation.tell(words, 60_000)]);
          } else if (event.kind === 'say') {
            // Any line answers a poll, and only some a command.
            const isForCommand = written.at(-1) !== 'poll\n';
            if (!isForCommand || event.text !== 'value\n') tapped = undefined;
            conversation.heard(Buffer.from(event.text));
          } else if (event.kind === 'pause') conversation.pause(event.isPaused);
          else {
            for (let left = event.ms; left > 0; left -= 250) {
              now += Math.min(250, left);
              mock.timers.tick(Math.min(250, left));
            }
          }
        }
        if (isUnplugged) connection.close('It was unplugged.');
        else conversation.pause(false);
        // All that is left comes to its end.
        for (let ms = 0; ms < 60_000; ms += 250) {
          now += 250;
          mock.timers.tick(250);
          await Promise.resolve();
        }
        connection.close('It is over.');
        for (const [text, outcome] of outcomes) {
          const handed = await outcome;
          const isWritten = written.includes(text);
          // `false` says for certain that nobody was given it, and anything else that it went out.
          assert.equal(handed !== false, isWritten, `${text.trim()}: ${JSON.stringify(handed)}`);
          if (isWritten && !answering.has(text)) assert.deepEqual(handed, { outcome: 'unanswered' });
        }
      } finally {
        clock.mock.restore();
        mock.timers.reset();
      }
    }),
    { numRuns: 300 },
  );
});
