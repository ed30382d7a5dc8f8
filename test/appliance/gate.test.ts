import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Before,
  type CanarySeen,
  gateLimits,
  lookOn,
  newGate,
  type Run,
  type Seen,
  type Verdict,
  verdictOf,
} from '../../src/appliance/gate.ts';

/** From so many seconds on it looks like this. */
interface Turn {
  readonly at: number;
  readonly gateway?: Seen;
  readonly canary?: CanarySeen;
}

const calm = { waiting: 0, delivered: 100 };
const link: Run['uplink'] = { state: 'connected', reason: '', connections: 1, hold: undefined, isHere: false };
const running = (rest: Partial<Run> = {}): Seen => ({
  name: 'running',
  run: { id: '1', trouble: undefined, uplink: link, backlog: calm, ...rest },
});
const down = (rest: Partial<Run['uplink']> = {}): Seen =>
  running({ uplink: { ...link, state: 'down', reason: 'no route', connections: 0, ...rest } });
const silent: Seen = { name: 'silent', reason: 'nothing listens there' };
const stored: CanarySeen = { name: 'stored', run: '1' };
const returned: CanarySeen = { name: 'returned', run: '1' };

/** Looks every two seconds, until there is a verdict. @returns it, and after how many seconds */
function judge(turns: readonly Turn[], before: Before = 'worked'): [Verdict, seconds: number] {
  let gate = newGate;
  let now: Required<Turn> = { at: 0, gateway: silent, canary: { name: 'none' } };
  for (let seconds = 0; ; seconds += 2) {
    for (const turn of turns) if (turn.at === seconds) now = { ...now, ...turn };
    const look = { atMs: seconds * 1_000, gateway: now.gateway, canary: now.canary };
    gate = lookOn(gate, look);
    const verdict = verdictOf(gate, look, before);
    if (verdict.name !== 'wait') return [verdict, seconds];
    assert.ok(seconds <= gateLimits.total / 1_000, 'it ends');
  }
}

/** A process that is killed and started anew every twenty seconds. */
const killedAgain: Turn[] = Array.from({ length: 30 }, (_, n) => [
  { at: n * 20 + 2, gateway: running({ id: String(n) }), canary: { name: 'returned', run: String(n) } as CanarySeen },
  { at: n * 20 + 18, gateway: silent },
]).flat();

const rows: { what: string; turns: Turn[]; before?: Before; is: string; at: number; says: RegExp }[] = [
  {
    what: 'online, nothing waits',
    turns: [
      { at: 10, gateway: running() },
      { at: 12, canary: returned },
    ],
    ...{ is: 'keep', at: 100, says: /^kept: .*acknowledged by its disk and by the collector/ },
  },
  {
    what: 'it is never ready',
    turns: [{ at: 10, gateway: running({ trouble: 'The buffer is full.' }) }],
    ...{ is: 'back', at: 600, says: /within 10 min.*The buffer is full/ },
  },
  { what: 'nobody answers', turns: [], is: 'back', at: 600, says: /does not answer \(nothing listens there\)/ },
  {
    what: 'it shows why it does not start',
    turns: [{ at: 10, gateway: { name: 'failed', reason: 'x is in use' } }],
    ...{ is: 'back', at: 130, says: /does not start: x is in use/ },
  },
  {
    what: 'it did not start at first, and somebody helped',
    turns: [
      { at: 10, gateway: { name: 'failed', reason: 'x is in use' } },
      { at: 120, gateway: running() },
      { at: 122, canary: returned },
    ],
    ...{ is: 'keep', at: 210, says: /^kept/ },
  },
  {
    what: 'it is killed again and again',
    turns: killedAgain,
    ...{ is: 'back', at: 62, says: /started 4 times/ },
  },
  {
    what: 'it was started anew once, and what the first process has shown does not count',
    turns: [
      { at: 2, gateway: running() },
      { at: 4, canary: returned },
      { at: 80, gateway: silent },
      { at: 90, gateway: running({ id: '2' }) },
      { at: 200, canary: { name: 'returned', run: '2' } },
    ],
    ...{ is: 'keep', at: 200, says: /^kept/ },
  },
  {
    what: 'its disk takes nothing',
    turns: [{ at: 10, gateway: running(), canary: { name: 'refused', reason: 'no space left' } }],
    ...{ is: 'back', at: 600, says: /does not take a record: no space left/ },
  },
  {
    what: 'the collector takes everything and acknowledges nothing',
    turns: [{ at: 10, gateway: running(), canary: stored }],
    ...{ is: 'back', at: 600, says: /the collector has not acknowledged/ },
  },
  {
    what: 'a backlog that drains',
    turns: [
      { at: 10, gateway: running({ backlog: { waiting: 900, delivered: 100 } }), canary: returned },
      { at: 110, gateway: running({ backlog: { waiting: 890, delivered: 110 } }) },
    ],
    ...{ is: 'keep', at: 110, says: /^kept/ },
  },
  {
    what: 'a backlog that lies still',
    turns: [{ at: 10, gateway: running({ backlog: { waiting: 900, delivered: 100 } }), canary: returned }],
    ...{ is: 'back', at: 130, says: /backlog does not move/ },
  },
  {
    what: 'a backlog that a data plan holds back',
    turns: [
      {
        at: 10,
        gateway: running({
          backlog: { waiting: 900, delivered: 100 },
          uplink: { ...link, hold: 'by the data plan: month' },
        }),
        canary: returned,
      },
    ],
    ...{ is: 'keep', at: 100, says: /held back \(by the data plan: month\)/ },
  },
  {
    what: 'offline',
    turns: [{ at: 10, gateway: down(), canary: stored }],
    ...{ is: 'keep', at: 250, says: /^kept, offline: forwarding was not shown \(no route\)$/ },
  },
  {
    what: 'offline, and its disk takes nothing',
    turns: [{ at: 10, gateway: down(), canary: { name: 'refused', reason: 'read-only' } }],
    ...{ is: 'back', at: 600, says: /read-only/ },
  },
  {
    what: 'a connection that ends again and again is no absence of one',
    turns: Array.from({ length: 20 }, (_, n) => ({
      at: 10 + n * 30,
      gateway: down({ connections: n + 1, reason: 'this upload can not be stored' }),
      canary: stored,
    })),
    ...{ is: 'back', at: 600, says: /no uplink: this upload can not be stored/ },
  },
  {
    what: 'the link is lost for good after a while',
    turns: [
      { at: 10, gateway: running(), canary: stored },
      { at: 60, gateway: down({ connections: 1 }) },
    ],
    ...{ is: 'keep', at: 298, says: /^kept, offline/ },
  },
  {
    what: 'without its own collector, which is on this machine, there is no excuse',
    turns: [{ at: 10, gateway: down({ isHere: true }), canary: stored }],
    ...{ is: 'back', at: 600, says: /no uplink/ },
  },
  ...(['worked', 'unknown'] as const).map((before) => ({
    what: `the collector refuses it, and before it was ${before}`,
    turns: [{ at: 10, gateway: down({ state: 'refused', reason: 'version 9 is unknown' }), canary: stored }],
    ...{ before, is: 'back', at: 70, says: /refuses this version: version 9 is unknown/ },
  })),
  ...(['refused', 'down'] as const).map((before) => ({
    what: `the collector refuses it, and before it was ${before}, which is not its fault`,
    turns: [{ at: 10, gateway: down({ state: 'refused', reason: 'token revoked' }), canary: stored }],
    ...{ before, is: 'keep', at: 250, says: /offline: forwarding was not shown \(token revoked\)/ },
  })),
  {
    what: 'the collector refuses it for a moment',
    turns: [
      { at: 10, gateway: down({ state: 'refused', reason: 'it restarts' }), canary: stored },
      { at: 40, gateway: running(), canary: returned },
    ],
    ...{ is: 'keep', at: 100, says: /^kept/ },
  },
];

test('what is seen of a gateway on trial decides whether it stays, and when that is certain', () => {
  for (const { what, turns, before, is, at, says } of rows) {
    const [verdict, seconds] = judge(turns, before);
    assert.ok(verdict.name !== 'wait');
    const text = verdict.name === 'keep' ? verdict.text : verdict.reason;
    assert.deepEqual([what, verdict.name, seconds], [what, is, at], text);
    assert.match(text, says, what);
  }
});
