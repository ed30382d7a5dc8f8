import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command, Handed } from '../../../src/core/command.ts';
import type { WriteAnswer } from '../../../src/profiles/modbus/answer.ts';
import type { RegisterWrite } from '../../../src/profiles/modbus/pdu.ts';
import { ModbusCarrier } from '../../../src/sources/modbus/modbus-carrier.ts';

const write: RegisterWrite = { kind: 'coil', address: 1, value: true };
const command = (deviceId: string, name = 'relay'): Command => ({
  id: 'c',
  deviceId,
  name,
  payload: Buffer.from('true'),
  priority: 'normal',
});

function carrierWith(answer: WriteAnswer, reachable = ['bus/1']) {
  const written: [string, RegisterWrite, number][] = [];
  const carrier = new ModbusCarrier(
    {
      topicOf: (deviceId) => (deviceId.startsWith('modbus:') ? deviceId.slice(7) : undefined),
      writeFor: ({ name }) => (name === 'relay' ? write : undefined),
    },
    {
      has: (topic) => topic.startsWith('bus/'),
      reaches: (topic) => reachable.includes(topic),
      write: async (topic, what, withinMs) => {
        written.push([topic, what, withinMs]);
        return answer;
      },
    },
  );
  return { carrier, written };
}

const failure = 'Device 1, told to write coil 1: so it is.';
const rows: readonly (readonly [answer: WriteAnswer, handed: Handed])[] = [
  [{ kind: 'done' }, { outcome: 'ok' }],
  [
    { kind: 'exception', code: 2, failure },
    { outcome: 'failed', reason: failure },
  ],
  // The device has begun: whether it comes to an end is not known.
  [{ kind: 'exception', code: 5, failure }, { outcome: 'unanswered' }],
  [{ kind: 'unanswered', failure }, { outcome: 'unanswered' }],
  [{ kind: 'unsent', failure }, false],
  [
    { kind: 'impossible', failure },
    { outcome: 'failed', reason: failure },
  ],
];

test('what became of a write is what became of the command, and only what was not sent may be sent again', async () => {
  for (const [answer, handed] of rows) {
    const { carrier, written } = carrierWith(answer);
    assert.deepEqual(await carrier.deliver(command('modbus:bus/1'), 5_000), handed, JSON.stringify(answer));
    assert.deepEqual(written, [['bus/1', write, 5_000]]);
  }
});

test('a unit is told one thing at a time, while its bus is open', async () => {
  const { carrier, written } = carrierWith({ kind: 'done' });
  assert.deepEqual(
    ['modbus:bus/1', 'modbus:bus/2', 'serial:dust'].map((id) => carrier.reaches(id, 0)),
    [true, false, false],
  );
  assert.equal(carrier.reaches('modbus:bus/1', 1), false);
  assert.deepEqual(
    ['modbus:bus/2', 'modbus:gone/1', 'serial:dust'].map((id) => carrier.obstacle(id)),
    [undefined, 'it is on no Modbus bus', 'it is on no Modbus bus'],
  );
  const unknown = await carrier.deliver(command('modbus:bus/1', 'fly'), 5_000);
  assert.equal(typeof unknown === 'object' && unknown.outcome, 'failed');
  assert.deepEqual(written, []);
});
