import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fact } from '../../src/core/live.ts';
import { type LookedAtDevice, LookOut } from '../../src/live/look-out.ts';

function site() {
  const facts: Fact[] = [];
  const devices = new Map<string, LookedAtDevice>();
  const templates = [{ template: 'a/+', profile: null as string | null, examples: ['a/1'] }];
  const state = {
    health: 'ready',
    uplink: 'live',
    uplinkReason: null as string | null,
    buffer: 'open',
    clockQuality: 'synced',
  };
  const lookOut = new LookOut({
    tell: (fact) => facts.push(fact),
    now: () => 5,
    devices: { ids: () => devices.keys(), find: (id) => devices.get(id) },
    status: () => ({ ...state }),
    templateCount: () => templates.length,
    templates: () => templates,
  });
  const told = (): unknown[] =>
    facts.splice(0).map(({ kind, deviceId, topic, body }) => [kind, deviceId ?? topic, body]);
  return { devices, templates, state, lookOut, told };
}

const plug: LookedAtDevice = { name: 'Plug', presence: 'online', profile: undefined, via: undefined, isIgnored: false };
const said = { name: 'Plug', presence: 'online', profile: null, via: null, isIgnored: false };

test('what was there when somebody began to read is no news, and each change is told once', () => {
  const { devices, templates, state, lookOut, told } = site();
  devices.set('old', plug);
  lookOut.begin();
  lookOut.look();
  assert.deepEqual(told(), []);
  const rows: readonly (readonly [change: () => void, told: readonly unknown[]])[] = [
    [() => devices.set('p', plug), [['device', 'p', { change: 'new', ...said }]]],
    [
      () => devices.set('p', { ...plug, presence: 'offline' }),
      [['device', 'p', { change: 'presence', ...said, presence: 'offline' }]],
    ],
    [
      () => devices.set('p', { ...plug, presence: 'online', profile: { name: 'a/b' }, name: 'Lamp' }),
      [['device', 'p', { change: 'changed', ...said, name: 'Lamp', profile: 'a/b' }]],
    ],
    [() => devices.delete('old'), [['device', 'old', { change: 'gone', ...said }]]],
    [
      () => {
        devices.delete('p');
        devices.set('q', plug);
      },
      [
        ['device', 'q', { change: 'new', ...said }],
        ['device', 'p', { change: 'gone', ...said, name: 'Lamp', profile: 'a/b' }],
      ],
    ],
    [
      () => Object.assign(state, { uplink: 'waiting', uplinkReason: 'no route', health: 'degraded' }),
      [['status', undefined, { ...state, uplink: 'waiting', uplinkReason: 'no route', health: 'degraded' }]],
    ],
    [
      () => templates.push({ template: 'b/#', profile: 'c/d', examples: ['b/x'] }),
      [['discovery', 'b/x', { template: 'b/#', profile: 'c/d' }]],
    ],
    [() => templates.splice(0, 1), []],
  ];
  for (const [index, [change, expected]] of rows.entries()) {
    change();
    lookOut.look();
    assert.deepEqual(told(), expected, `row ${index}`);
    lookOut.look();
    assert.deepEqual(told(), [], `row ${index} again`);
  }
});

test('what is known when somebody begins to read is no news, and what comes while the gateway starts is', () => {
  const { devices, state, lookOut, told } = site();
  state.health = 'starting';
  devices.set('old', plug);
  lookOut.begin();
  lookOut.look();
  assert.deepEqual(told(), []);
  devices.set('new', plug);
  lookOut.look();
  assert.equal(told().length, 1);
});

test('what becomes of a command is told with its result and its reason', () => {
  const { lookOut, told } = site();
  const about = { id: 'c', deviceId: 'lamp', name: 'on', revision: 2 };
  lookOut.command({ ...about, state: 'acknowledged', result: Buffer.from('ok'), by: 'ann' });
  lookOut.command({ ...about, deviceId: '', state: 'failed', reason: 'it said no' });
  assert.deepEqual(told(), [
    [
      'command',
      'lamp',
      { commandId: 'c', name: 'on', state: 'acknowledged', revision: 2, by: 'ann', resultBase64: 'b2s=' },
    ],
    ['command', undefined, { commandId: 'c', name: 'on', state: 'failed', revision: 2, reason: 'it said no' }],
  ]);
});
