import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadLibrary } from '../../src/profiles/library.ts';
import { namesIn, nativeCommand } from '../../src/profiles/native-command.ts';

const { profiles } = loadLibrary();

function told(profile: string, topics: readonly string[], name: string, payload: string) {
  const { options, compiled } = profiles.get(profile)!;
  return nativeCommand(options, namesIn(compiled, topics), { name, payload: Buffer.from(payload) });
}

test('a command becomes what the device understands, or a reason why it would not', () => {
  const heard = ['tele/desk/SENSOR'];
  const native = (topic: string, payload: string) => ({ kind: 'native', topic, payload });
  const refused = (reason: string) => ({ kind: 'refused', reason });
  const rows: readonly (readonly [name: string, payload: string, expected: object])[] = [
    ['power', 'true', native('cmnd/desk/POWER', 'ON')],
    ['power', 'false', native('cmnd/desk/POWER', 'OFF')],
    ['power', '"toggle"', native('cmnd/desk/POWER', 'TOGGLE')],
    ['power', 'toggle', native('cmnd/desk/POWER', 'TOGGLE')],
    ['dimmer', '40', native('cmnd/desk/Dimmer', '40')],
    ['dimmer', '140', refused('its value is "140", but must be a number from 0 to 100')],
    ['dimmer', 'much', refused('its value is "much", but must be a number from 0 to 100')],
    ['power', '{"on":1}', refused('its value is "{\\"on\\":1}", but must be true, false, toggle')],
    ['powr', 'true', refused('it has no command powr; did you mean power?')],
    ['__proto__', 'true', refused('it has no command __proto__; there are power, dimmer, TelePeriod')],
    ['', 'true', refused('its name is needed: there are power, dimmer, TelePeriod')],
  ];
  for (const [name, payload, expected] of rows) {
    assert.deepEqual(told('tasmota/tasmota', heard, name, payload), expected, `${name} ${payload}`);
  }
});

test('a value that every object inherits is none of the words', () => {
  const commands = [{ name: 'set', topic: 'x/set', payload: '{value}', words: { on: 'ON' } }];
  for (const value of ['constructor', 'toString', '__proto__']) {
    const native = nativeCommand({ commands }, new Map(), { name: 'set', payload: Buffer.from(value) });
    assert.deepEqual(native, { kind: 'native', topic: 'x/set', payload: value });
  }
});

test('the device of a command is named by the topics it was heard on', () => {
  const topics = ['shellies/plus1pm/events/rpc'];
  assert.deepEqual(told('shelly/gen2', topics, 'switch', 'on'), {
    kind: 'native',
    topic: 'shellies/plus1pm/command/switch:0',
    payload: 'on',
  });
  assert.deepEqual(told('shelly/gen2', [], 'switch', 'on'), {
    kind: 'refused',
    reason: 'nothing was heard of it that tells its device',
  });
});
