import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Request } from '../../src/collector/request.ts';
import {
  type SessionEffect,
  type SessionInput,
  type SessionLimits,
  type SessionState,
  step,
} from '../../src/collector/session.ts';
import { ConnectResponse } from '../../src/wire/generated/headgate/v1/uplink.ts';

const limits: SessionLimits = { windowBytes: 100, helloTimeoutMs: 10_000, agent: 'collector' };
const peer = { gateway: 'gw', epoch: 'e' };
const greeting: SessionState = { name: 'greeting' };
const welcoming: SessionState = { name: 'welcoming', peer, version: 2 };
const open: SessionState = { name: 'open', peer, version: 2, unacknowledgedBytes: 0, reading: 'on' };
const lineage = { lineage: 'new', follows: 'old' };
const confirming: SessionState = { name: 'confirming', peer, version: 2, lineage };
const adopting: SessionState = { name: 'adopting', peer, version: 2, held: [] };
const ended: SessionState = { name: 'ended' };
const busy: SessionState = { ...open, unacknowledgedBytes: 60 };
const full: SessionState = { ...open, unacknowledgedBytes: 201, reading: 'off' };
const draining: SessionState = { name: 'draining', peer, unacknowledgedBytes: 60 };

const hello: Request = {
  name: 'hello',
  version: 2,
  gateway: 'gw',
  epoch: 'e',
  firstWaiting: 5,
  lastSequence: 20,
  agent: 'gw/1',
  heardEverySeconds: 0,
  lineages: [],
  takesOver: '',
};
const of = (request: Request): SessionInput => ({ name: 'request', request });
const helloOf = (change: Partial<Request & { name: 'hello' }>): SessionInput => of({ ...hello, ...change } as Request);
const upload = (bytes: number): SessionInput => of({ name: 'upload', bytes: new Uint8Array(bytes), plainBytes: bytes });
const durable = (...runs: [number, number][]) =>
  ({
    name: 'durable',
    newRecords: 0,
    sequences: runs.map(([first, last]) => ({ first, last })),
  }) as const;
const confirmOf = (name: string): SessionInput =>
  of({ name: 'other', message: { $case: 'confirm', value: { lineage: name } } });
const settled = (
  bytes: number,
  ...outcomes: (ReturnType<typeof durable> | { name: 'refused'; reason: string })[]
): SessionInput => ({
  name: 'settled',
  settled: { bytes, outcomes },
});

const table: [name: string, state: SessionState, input: SessionInput, next: SessionState, effects: string[]][] = [
  ['a hello asks the sink', greeting, of(hello), welcoming, ['ask gw/e from 5']],
  [
    'nothing waits: ask what is beyond its last',
    greeting,
    helloOf({ firstWaiting: 0 }),
    welcoming,
    ['ask gw/e from 21'],
  ],
  ['a new gateway', greeting, helloOf({ firstWaiting: 0, lastSequence: 0 }), welcoming, ['ask gw/e from 1']],
  ['a newer gateway is answered in version 2', greeting, helloOf({ version: 7 }), welcoming, ['ask gw/e from 5']],
  [
    'an old gateway is answered in its own',
    greeting,
    helloOf({ version: 1 }),
    { ...welcoming, version: 1 },
    ['ask gw/e from 5'],
  ],
  [
    'no version',
    greeting,
    helloOf({ version: 0 }),
    ended,
    ['end INVALID_ARGUMENT The hello names no protocol version; this collector speaks 1 to 2.'],
  ],
  [
    'no gateway',
    greeting,
    helloOf({ gateway: '' }),
    ended,
    ['end INVALID_ARGUMENT The hello names no gateway or no epoch.'],
  ],
  [
    'no epoch',
    greeting,
    helloOf({ epoch: '' }),
    ended,
    ['end INVALID_ARGUMENT The hello names no gateway or no epoch.'],
  ],
  [
    'a gateway like a novel',
    greeting,
    helloOf({ gateway: 'x'.repeat(257) }),
    ended,
    ["end INVALID_ARGUMENT The hello's gateway or epoch is longer than 256 characters."],
  ],
  ['a second hello', open, of(hello), ended, ['end INVALID_ARGUMENT A second hello on the same stream.']],
  ['a second hello at once', welcoming, of(hello), ended, ['end INVALID_ARGUMENT A second hello on the same stream.']],
  ['an upload before the hello', greeting, upload(1), ended, ['end INVALID_ARGUMENT An upload came before the hello.']],
  [
    'an upload before the welcome',
    welcoming,
    upload(1),
    ended,
    ['end INVALID_ARGUMENT An upload came before the welcome.'],
  ],
  [
    'no hello in time',
    greeting,
    { name: 'hello-timeout' },
    ended,
    ['end DEADLINE_EXCEEDED No hello came within 10 s.'],
  ],
  ['the timer fires late', open, { name: 'hello-timeout' }, open, []],
  [
    'the sink answers',
    welcoming,
    { name: 'progress', durable: [{ first: 5, last: 9 }], now: 1_500, reconnectSpreadMs: 0 },
    open,
    ['send welcome 2 durable 5-9 window 100 now 1.5 s', 'welcomed'],
  ],
  [
    'the sink has nothing',
    welcoming,
    { name: 'progress', durable: [], now: 0, reconnectSpreadMs: 0 },
    open,
    ['send welcome 2 durable  window 100 now 0 s', 'welcomed'],
  ],
  ['the sink answers too late', ended, { name: 'progress', durable: [], now: 0, reconnectSpreadMs: 0 }, ended, []],
  [
    'a lineage is proposed',
    welcoming,
    { name: 'progress', durable: [], now: 0, reconnectSpreadMs: 0, lineage },
    confirming,
    ['send welcome 2 durable  window 100 now 0 s lineage new after old'],
  ],
  [
    'a copy is told nothing of what is durable',
    welcoming,
    { name: 'refused', reason: 'A copy.' },
    ended,
    ['end FAILED_PRECONDITION A copy.'],
  ],
  ['the lineage is durable', confirming, confirmOf('new'), adopting, ['pause', 'adopt new']],
  ['the old one is kept', confirming, confirmOf('old'), adopting, ['pause', 'adopt old']],
  [
    'another one',
    confirming,
    confirmOf('other'),
    ended,
    ["end INVALID_ARGUMENT The lineage that was confirmed is neither the welcome's nor the one before."],
  ],
  [
    'an upload instead',
    confirming,
    upload(1),
    ended,
    ["end INVALID_ARGUMENT An upload came before the welcome's lineage was confirmed."],
  ],
  [
    'something else instead',
    confirming,
    of({ name: 'other', message: { $case: 'renew', value: { csr: Buffer.alloc(0) } } }),
    ended,
    ["end INVALID_ARGUMENT A message (renew) came before the welcome's lineage was confirmed."],
  ],
  ['a ping meanwhile', confirming, of({ name: 'ping', nonce: 7n }), confirming, ['send pong 7']],
  [
    'a confirmation that nobody asked for',
    open,
    confirmOf('new'),
    ended,
    ['end INVALID_ARGUMENT A lineage was confirmed that was not asked for.'],
  ],
  ['an upload while it is written down', adopting, upload(60), { ...adopting, held: [upload(60)] }, []],
  [
    'it is written down',
    { ...adopting, held: [upload(60), of({ name: 'ping', nonce: 7n })] },
    { name: 'adopted' },
    busy,
    ['welcomed', 'resume', 'commit gw/e 60', 'send pong 7'],
  ],
  [
    'another one was faster',
    adopting,
    { name: 'refused', reason: 'A copy.' },
    ended,
    ['end FAILED_PRECONDITION A copy.'],
  ],
  ['an upload', open, upload(60), busy, ['commit gw/e 60']],
  ['more than the window is taken', busy, upload(140), { ...open, unacknowledgedBytes: 200 }, ['commit gw/e 140']],
  ['more than two windows is held back', busy, upload(141), full, ['commit gw/e 141', 'pause']],
  ['what still comes is taken', full, upload(9), { ...full, unacknowledgedBytes: 210 }, ['commit gw/e 9']],
  [
    'a little room is no room',
    full,
    settled(100, durable([1, 2])),
    { ...full, unacknowledgedBytes: 101 },
    ['send acknowledge 1-2'],
  ],
  [
    'a window of room',
    full,
    settled(101, durable([1, 2])),
    { ...open, unacknowledgedBytes: 100 },
    ['send acknowledge 1-2', 'resume'],
  ],
  [
    'ranges of a group are merged',
    busy,
    settled(60, durable([1, 2]), durable([4, 5]), durable([3, 3], [2, 2])),
    open,
    ['send acknowledge 1-5'],
  ],
  ['nothing to acknowledge', busy, settled(60, durable()), open, []],
  [
    'refused',
    busy,
    settled(60, durable([1, 2]), { name: 'refused', reason: 'why' }),
    ended,
    ["end INVALID_ARGUMENT This upload can't be stored: why."],
  ],
  ['settled after the end', ended, settled(60, durable([1, 2])), ended, []],
  ['a ping', open, of({ name: 'ping', nonce: 7n }), open, ['send pong 7']],
  ['a ping before the hello', greeting, of({ name: 'ping', nonce: 7n }), greeting, ['send pong 7']],
  ['a pong', open, of({ name: 'pong' }), open, []],
  [
    'garbage',
    open,
    { name: 'malformed', reason: 'why' },
    ended,
    ["end INVALID_ARGUMENT This message can't be understood: why."],
  ],
  [
    'garbage first',
    greeting,
    { name: 'malformed', reason: 'why' },
    ended,
    ["end INVALID_ARGUMENT This message can't be understood: why."],
  ],
  [
    'the sink fails',
    busy,
    { name: 'sink-failed', reason: 'Full.' },
    ended,
    ["end UNAVAILABLE The collector can't store records at present: Full."],
  ],
  [
    'the sink fails on hello',
    welcoming,
    { name: 'sink-failed', reason: 'Full.' },
    ended,
    ["end UNAVAILABLE The collector can't store records at present: Full."],
  ],
  ['superseded', busy, { name: 'superseded' }, ended, ['end ABORTED superseded by a newer connection']],
  ['superseded after the end', ended, { name: 'superseded' }, ended, []],
  ['finished idle', open, { name: 'finished' }, ended, ['end OK ']],
  ['finished without a hello', greeting, { name: 'finished' }, ended, ['end OK ']],
  ['finished busy', busy, { name: 'finished' }, draining, []],
  [
    'drained in part',
    draining,
    settled(59, durable([1, 2])),
    { ...draining, unacknowledgedBytes: 1 },
    ['send acknowledge 1-2'],
  ],
  ['drained', draining, settled(60, durable([1, 2])), ended, ['send acknowledge 1-2', 'end OK ']],
  ['gone', busy, { name: 'closed' }, ended, []],
  ['stopping', busy, { name: 'stopping' }, ended, ['end UNAVAILABLE The collector is stopping.']],
  ['anything after the end', ended, upload(5), ended, []],
];

for (const [name, state, input, next, effects] of table) {
  test(name, () => {
    const result = step(state, input, limits);
    assert.deepEqual(result.state, next);
    assert.deepEqual(result.effects.map(say), effects);
  });
}

function say(effect: SessionEffect): string {
  switch (effect.name) {
    case 'ask':
      return `ask ${effect.peer.gateway}/${effect.peer.epoch} from ${effect.from}`;
    case 'adopt':
      return `adopt ${effect.lineage}`;
    case 'commit':
      return `commit ${effect.peer.gateway}/${effect.peer.epoch} ${effect.upload.byteLength}`;
    case 'send':
      return `send ${sayMessage(effect.bytes)}`;
    case 'end':
      return `end ${effect.status} ${effect.reason}`;
    default:
      return effect.name;
  }
}

function sayMessage(bytes: Uint8Array): string {
  const { message } = ConnectResponse.decode(bytes);
  switch (message?.$case) {
    case 'welcome': {
      const { version, durable, windowBytes, now, lineage, follows } = message.value;
      const named = lineage === '' ? '' : ` lineage ${lineage} after ${follows}`;
      return `welcome ${version} durable ${ranges(durable)} window ${windowBytes} now ${Number(now!.seconds) + now!.nanos / 1e9} s${named}`;
    }
    case 'acknowledge':
      return `acknowledge ${ranges(message.value.durable)}`;
    case 'pong':
      return `pong ${message.value.nonce}`;
    default:
      return String(message?.$case);
  }
}

function ranges(runs: { first: bigint; last: bigint }[]): string {
  return runs.map(({ first, last }) => `${first}-${last}`).join(' ');
}
