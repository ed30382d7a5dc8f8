import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readProfile } from '../../../src/profiles/language/load.ts';

/** A profile with one line of a message replaced. */
const text = (message: string, head = '') => `name: A sensor
version: 1
${head}messages:
  - match: { topic: "a/{device}/state", confidence: 0.9 }
    ${message}
examples:
  - { source: mine, topic: a/b/state, payload: '{"t":1}' }
`;

const rows: readonly (readonly [profile: string, ...errors: string[]])[] = [
  ['hello', 'p.yaml:1:1: The profile is "hello", but must hold keys such as name, version, family.'],
  [text('fields: [{ path: t, unit: Cel }]')],
  [
    text('feilds: [{ path: t }]'),
    'p.yaml:5:5: There is no key `messages[0].feilds`; did you mean `messages[0].fields`?',
  ],
  [
    text('fields: [{ path: t, unit: Cell }]'),
    'p.yaml:5:31: `messages[0].fields[0].unit` is "Cell", but there is no such unit; did you mean `Cel`?',
  ],
  [
    text('codec: sparkplug'),
    'p.yaml:5:12: `messages[0].codec` is "sparkplug", but there is no such codec; did you mean `sparkplug-b`?',
  ],
  [
    text('decode: jsn'),
    'p.yaml:5:13: `messages[0].decode` is "jsn", but must be json, jsonlines, value, text, columns, keyvalue, cbor or binary.',
  ],
  [text('decode: text'), 'p.yaml:5:13: `messages[0].decode` is "text", which needs a `pattern`.'],
  [
    text('decode: text\n    pattern: "(a"'),
    'p.yaml:6:14: `messages[0].pattern` is "(a", but that is no RE2 expression: missing closing ): `(a`.',
  ],
  [
    text('time: { path: t, zone: Amsterdam }'),
    'p.yaml:5:28: `messages[0].time.zone` is "Amsterdam", but must be UTC, an offset such as +01:00, or a name such as Europe/Amsterdam.',
  ],
  [text('fields: [{ unit: Cel }]'), 'p.yaml:5:14: `messages[0].fields[0]` needs a `path`.'],
  [
    text('decode: binary\n    fields: [{ at: 0, type: uint61, name: x }]'),
    'p.yaml:6:29: `messages[0].fields[0].type` is "uint61", but must be number, integer, boolean, text, uint8, int8, uint16, int16, uint24, int24, uint32, int32, uint64, int64, float32, float64, bcd or hex.',
  ],
  [text('once: "{from"'), 'p.yaml:5:11: `messages[0].once` is "{from", but its braces do not belong together.'],
  [
    text('rest: keep').replace('{device}', '{a...}/{b...}'),
    'p.yaml:4:21: `messages[0].match.topic[0]` is "a/{a...}/{b...}/state", but only one name can stand for several levels.',
  ],
  [
    text('rest: keep', 'framing: { kind: frame }\n'),
    'p.yaml:3:18: `framing.kind` is frame, which needs `start`: the bytes with which each one begins.',
    'p.yaml:3:18: `framing.kind` is frame, which needs `size`, `length` or `end`.',
  ],
  [
    text('rest: keep').replace(/examples:.*/s, ''),
    'p.yaml:1:1: `examples` must be given: Real messages, and what they become. They are run as tests, and no profile loads without.',
  ],
  [
    text('rest: keep').replace('version: 1', 'version: one'),
    'p.yaml:2:10: `version` is "one", but must be a whole number, 1 or more.',
  ],
  [
    text('rest: keep').replace(`payload: '{"t":1}'`, 'kind: log, gives: { t: 1 }, payload: x'),
    "p.yaml:7:57: `examples[0].gives` can't be: what is a log has no fields.",
  ],
  [
    text('rest: keep', 'commands: [{ name: on }]\n'),
    'p.yaml:3:12: `commands[0]` needs one of `topic`, `register`, `write`, `send`, `sendHex`: how the device is told.',
  ],
  [
    text('rest: keep', 'commands: [{ name: on, topic: a, send: b }]\n'),
    'p.yaml:3:12: `commands[0]` needs one of `topic`, `register`, `write`, `send`, `sendHex`: how the device is told, not `topic`, `send`.',
  ],
  [
    text('rest: keep', 'commands: [{ name: on, send: b }]\n'),
    'p.yaml:3:12: `commands[0]` is for a serial line, but the profile has no `framing`.',
  ],
  [
    text('rest: keep', 'framing: { kind: lines }\ncommands: [{ name: on, send: b, answer: { timeout: 1s } }]\n'),
    'p.yaml:4:41: `commands[0].answer` needs one of `pattern`, `text` and `hex`: by what the frame is known.',
  ],
  [
    text('rest: keep', 'framing: { kind: lines }\ncommands: [{ name: on, send: "b*{checksum}" }]\n'),
    'p.yaml:4:30: `commands[0].send` has {checksum}, but there is no `checksum` that says which.',
  ],
  [
    text('rest: keep', 'framing: { kind: lines }\ncommands: [{ name: on, send: b, answer: { pattern: "(" } }]\n'),
    'p.yaml:4:52: `commands[0].answer.pattern` is "(", but that is no RE2 expression: missing closing ): `(`.',
  ],
  [
    text(
      'rest: keep',
      'modbus: { registers: [{ name: level, address: 1, table: input }] }\ncommands: [{ name: on, register: levle }]\n',
    ),
    'p.yaml:4:34: `commands[0].register` is "levle", but there is no such register; did you mean `level`?',
  ],
  [
    text(
      'rest: keep',
      'modbus: { registers: [{ name: level, address: 1, table: input }] }\ncommands: [{ name: on, register: level }]\n',
    ),
    'p.yaml:4:34: `commands[0].register` is "level", which can only be read: it is in the table input.',
  ],
  [
    text(
      'rest: keep',
      'modbus: { registers: [] }\ncommands: [{ name: on, write: { address: 1, type: float32 }, function: single }]\n',
    ),
    'p.yaml:4:72: `commands[0].function` is "single", but the value takes 2 registers: only "multiple" writes them at once.',
  ],
  [
    text('rest: keep', 'framing: { kind: lines }\ncommands: [{ name: on, send: b }]\n').replace(
      /topic: a.b.state, payload.*/,
      'command: onn, sends: b }',
    ),
    'p.yaml:9:30: `examples[0].command` is "onn", but there is no such command; did you mean `on`?',
  ],
  [
    text('rest: keep', 'framing: { kind: lines }\ncommands: [{ name: on, send: b }]\n').replace(
      /topic: a.b.state, payload.*/,
      'command: on, sends: b, payload: x, answers: done }',
    ),
    "p.yaml:9:65: `examples[0].answers` can't be: the command on has no `answer`.",
  ],
  [
    text('rest: keep', 'framing: { kind: lines }\npoll: [{ request: "?", handshake: iec-62056-21 }]\n'),
    'p.yaml:4:8: `poll[0]` needs one of `request`, `requestHex` and `handshake`.',
    'p.yaml:4:35: `poll[0].handshake` needs `framing: { kind: telegram }`.',
  ],
  [
    text(
      'rest: keep',
      'framing: { kind: lines }\nserial: { baud: 9600, acknowledge: { hex: "06 {number}", signals: { "5": "06" } } }\n',
    ),
    'p.yaml:4:43: `serial.acknowledge.hex` has {number}, but there is no `number` that says where it is.',
    'p.yaml:4:74: `serial.acknowledge.signals.5` must be one byte, as two hexadecimal digits.',
  ],
  [
    text('rest: keep', 'serial: { baud: 9600, acknowledge: { refuse: { hex: "15" } } }\n'),
    'p.yaml:3:36: `serial.acknowledge` is for frames, but the profile has no `framing`.',
    'p.yaml:3:36: `serial.acknowledge` needs one of `text` and `hex`: what is sent.',
  ],
];

test('what is wrong with a profile is told with its place, and what was meant', () => {
  for (const [profile, ...errors] of rows) {
    const read = readProfile(profile, 'acme/a', 'p.yaml', ['sparkplug-b', 'cbor']);
    assert.deepEqual('errors' in read ? read.errors : [], errors, profile);
  }
});
