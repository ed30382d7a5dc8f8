import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAnswer } from '../../src/commands/answer.ts';
import { type CommandInput, type CommandState, type Now, step } from '../../src/commands/command-state.ts';

const terms = { expiresAt: 5_000, expiresAtOperatingMs: 900, answerTimeoutMs: 30 };
const now: Now = { operatingMs: 100, wallMs: 1_000 };
const result = Buffer.from('22');
const ok: CommandInput = { name: 'answered', answer: { outcome: 'ok', result } };
const no: CommandInput = { name: 'answered', answer: { outcome: 'failed', reason: 'jammed' } };
const time: CommandInput = { name: 'time' };
const handOver: CommandInput = { name: 'hand-over' };
const refused: CommandInput = { name: 'refused', reason: 'no such topic' };
const unansweredNow: CommandInput = { name: 'unanswered' };
const notHandedOver: CommandInput = { name: 'not-handed-over' };

const queued: CommandState = { name: 'queued' };
const sent: CommandState = { name: 'sent', atMs: 100 };
const unknown: CommandState = { name: 'unknown' };
const done: CommandState = { name: 'acknowledged', result };
const failed: CommandState = { name: 'failed', reason: 'jammed' };
const expired: CommandState = { name: 'expired' };
const over = { ...now, wallMs: 5_000 };
const overByOperatingTime = { operatingMs: 900, wallMs: undefined };
const unanswered = { ...now, operatingMs: 130 };

const table: readonly [what: string, from: CommandState, input: CommandInput, to: CommandState, at?: Now][] = [
  ['is handed over', queued, handOver, sent],
  ['expires by the wall clock', queued, time, expired, over],
  ['is not handed over once its time is over', queued, handOver, expired, over],
  ['expires by operating time when no clock is set', queued, time, expired, overByOperatingTime],
  [
    'expires by operating time also when the wall clock says it is early',
    queued,
    time,
    expired,
    { ...overByOperatingTime, wallMs: 1 },
  ],
  ['does not expire by a clock that nobody has set', queued, time, queued, { operatingMs: 899, wallMs: undefined }],
  ['can not be handed over', queued, refused, { name: 'failed', reason: 'no such topic' }],
  ['is not done by an answer before it was handed over', queued, ok, queued],
  ['is acknowledged', sent, ok, done],
  ['is refused by its device', sent, no, failed],
  ['is waited for while its answer may come', sent, time, sent, { operatingMs: 129, wallMs: undefined }],
  ['is unknown when no answer came', sent, time, unknown, unanswered],
  ['does not expire once it is handed over', sent, time, sent, over],
  ['is not handed over again', sent, handOver, sent],
  ['goes back when nobody was given it', sent, notHandedOver, queued],
  ['goes back, and its time is over', sent, notHandedOver, expired, over],
  ['is unknown when its carrier knows that no answer will come', sent, unansweredNow, unknown],
  ['is not unknown before it was handed over', queued, unansweredNow, queued],
  ['stays acknowledged when its carrier waits no more', done, unansweredNow, done],
  ['is cleared up by a late answer', unknown, ok, done],
  ['is cleared up by a late no', unknown, no, failed],
  ['is not handed over when it is unknown', unknown, handOver, unknown],
  ['stays acknowledged', done, no, done],
  ['stays failed', failed, ok, failed],
  ['stays expired', expired, ok, expired],
  ['stays expired when it could be handed over', expired, handOver, expired],
];

for (const [what, from, input, to, at = now] of table) {
  test(`a command that is ${from.name} ${what}`, () => {
    const after = step(from, input, terms, at);
    assert.deepEqual(after, to);
    if (after.name === from.name) assert.equal(after, from, 'a state that stays is the same object');
  });
}

test('without a limit a command does not expire', () => {
  const late = { operatingMs: Number.MAX_SAFE_INTEGER, wallMs: Number.MAX_SAFE_INTEGER };
  assert.equal(step(queued, time, { answerTimeoutMs: 1 }, late), queued);
});

const answers: readonly [payload: string, outcome: string, result?: string | undefined, reason?: string][] = [
  ['{"status":"ok"}', 'ok'],
  ['{"status":"ok","result":{"v":1}}', 'ok', '{"v":1}'],
  ['{"status":"ok","result":"as it is"}', 'ok', 'as it is'],
  ['{"status":"failed","reason":"jammed","result":[1]}', 'failed', '[1]', 'jammed'],
  ['{"status":"failed"}', 'failed', undefined, 'the device gave no reason'],
  ['{"status":"fine"}', 'ok', '{"status":"fine"}'],
  ['{"POWER":"ON"}', 'ok', '{"POWER":"ON"}'],
  ['{"status":"ok"', 'ok', '{"status":"ok"'],
  ['done', 'ok', 'done'],
  ['', 'ok'],
  ['null', 'ok', 'null'],
];

for (const [payload, outcome, expected, reason] of answers) {
  test(`the answer ${payload || '(empty)'} is read as ${outcome}`, () => {
    const answer = readAnswer(Buffer.from(payload));
    assert.equal(answer.outcome, outcome);
    assert.equal(answer.result && Buffer.from(answer.result).toString(), expected);
    assert.equal('reason' in answer ? answer.reason : undefined, reason);
  });
}

test('a result that is too long is not kept, but told of', () => {
  const { result } = readAnswer(Buffer.alloc(70_000, 'x'));
  assert.equal(Buffer.from(result!).toString(), '(a result of 70000 bytes, too long to be kept)');
});
