import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectedAnswer } from '../../../src/profiles/commands/serial-command.ts';
import type { CommandOptions } from '../../../src/profiles/language/command-options.ts';
import { nativeCommand } from '../../../src/profiles/native-command.ts';

function told(command: Partial<CommandOptions>, payload: string): string {
  const native = nativeCommand({ commands: [{ name: 'do', payload: '{value}', ...command }] }, new Map(), {
    name: 'do',
    payload: Buffer.from(payload),
  });
  if (native.kind === 'refused') return native.reason;
  assert.equal(native.kind, 'send');
  if (native.kind !== 'send') return '';
  return command.send === undefined ? Buffer.from(native.bytes).toString('hex') : Buffer.from(native.bytes).toString();
}

const rows: readonly (readonly [command: Partial<CommandOptions>, payload: string, expected: string])[] = [
  // $PMTK220 sets how often a GNSS receiver reports (GlobalTop, PMTK command packet).
  [
    { send: '$PMTK220,{value}*{checksum}\r\n', checksum: { kind: 'xor8', from: 1, to: -1 } },
    '1000',
    '$PMTK220,1000*1F\r\n',
  ],
  [{ send: 'A{a}B{b}' }, '{"a":1,"b":"x"}', 'A1Bx'],
  [{ send: 'A{a}' }, '{"b":1}', 'its value is "{\\"b\\":1}", but must be an object with a'],
  [{ send: 'A{a}' }, '{"a":"1\\r\\n"}', 'its a holds characters that are no text, such as a line end'],
  [{ send: '{toString}' }, '{}', 'its value is "{}", but must be an object with toString'],
  [{ send: '{a}*{checksum}', checksum: { kind: 'xor8', to: -1 } }, '{"a":"{checksum}A"}', 'A*41'],
  [{ sendHex: '01 {value} 03', type: 'uint16', order: 'little' }, '513', '01010203'],
  [{ sendHex: '01 {value}' }, '300', 'its value is "300", 300 as it is sent, but uint8 holds 0 to 255'],
  [{ sendHex: '01 02', checksum: { kind: 'crc16-modbus' } }, '', '010281e1'],
  [{ sendHex: '01 02', checksum: { kind: 'crc16-modbus', order: 'big' } }, '', '0102e181'],
  [{ sendHex: 'aa 01 {checksum} bb', checksum: { kind: 'sum8', from: 1 } }, '', 'aa0101bb'],
  [{ sendHex: '{value}', words: { on: 1 }, values: ['on'] }, 'on', '01'],
  [{ sendHex: '{value}', words: { on: 1 }, values: ['on'] }, '1', 'its value is "1", but must be on'],
];

test('a command becomes bytes for the line, or a reason why there are none', () => {
  for (const [command, payload, expected] of rows)
    assert.equal(told(command, payload), expected, JSON.stringify(command));
});

test('a frame is the answer, says no, or is another one', () => {
  const { read } = expectedAnswer({ pattern: '^OK', failed: { pattern: '^ERR (?P<reason>.*)' }, timeout: 1 });
  const frame = (text: string) => Buffer.from(text, 'latin1');
  assert.deepEqual(read(frame('OK 1')), { outcome: 'ok', result: frame('OK 1') });
  assert.deepEqual(read(frame('ERR jammed')), { outcome: 'failed', reason: 'jammed', result: frame('ERR jammed') });
  assert.equal(read(frame('21.5')), undefined);
  const bytes = expectedAnswer({ hex: 'aa 01', failed: { hex: 'ee' }, timeout: 1 }).read;
  assert.equal(bytes(Buffer.from('aa0100', 'hex'))?.outcome, 'ok');
  assert.equal(bytes(Buffer.from('aa', 'hex')), undefined);
  const failed = bytes(Buffer.from('ee07', 'hex'));
  assert.equal(failed?.outcome === 'failed' && failed.reason, 'the device answered ee07');
});
