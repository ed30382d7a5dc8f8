import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { HeadgateError } from '../../../src/core/errors.ts';
import type { Bearer } from '../../../src/core/message.ts';
import { ModbusSlave } from '../../support/modbus-slave.ts';
import { portPair } from '../../support/port-pair.ts';
import { PseudoTerminal } from '../../support/pseudo-terminal.ts';
import { randomOf } from '../../support/random.ts';
import { eventually } from '../../support/wait.ts';
import { busOf, ModbusSite } from './site.ts';

/** By the standard's own description, bit by bit (Modbus over Serial Line 1.02, appendix B): nothing of what is tested answers here. */
function crc(bytes: Uint8Array): number {
  let sum = 0xffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >> 1) ^ 0xa001 : sum >> 1;
  }
  return sum;
}

/** What a device says when it is asked for holding registers: register A of unit U holds U * 256 + A. */
function answerTo(request: Buffer): Buffer {
  const [first, count] = [request.readUInt16BE(2), request.readUInt16BE(4)];
  const answer = Buffer.alloc(5 + count * 2);
  answer.set([request[0]!, request[1]!, count * 2]);
  for (let i = 0; i < count; i++) answer.writeUInt16BE(request[0]! * 256 + first + i, 3 + i * 2);
  answer.writeUInt16LE(crc(answer.subarray(0, -2)), answer.length - 2);
  return answer;
}

/** A device on a pseudo-terminal: told of every request. */
async function device(
  t: TestContext,
  answer: (request: Buffer, terminal: PseudoTerminal) => void,
): Promise<PseudoTerminal> {
  const terminal = await PseudoTerminal.create(t);
  let rest = Buffer.alloc(0);
  terminal.onWritten = (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (; rest.length >= 8; rest = rest.subarray(8)) answer(rest.subarray(0, 8), terminal);
  };
  return terminal;
}

/** What takes about a second, on a machine that does other things too. */
const patient = { timeoutMs: 20_000 };

test('a slave that answers late and twice gives no wrong value, and is told of', async (t) => {
  const timers = new Set<NodeJS.Timeout>();
  t.after(() => {
    for (const timer of timers) clearTimeout(timer);
  });
  const terminal = await device(t, (request, line) => {
    const answer = answerTo(request);
    for (const ms of [90, 95]) timers.add(setTimeout(() => void line.send(answer), ms));
  });
  const site = await ModbusSite.start(t, [busOf({ path: terminal.path, timeout: 60 })]);
  await eventually(
    'values of each block',
    () => new Set(site.messages.map(({ payload }) => payload[3])).size === 3,
    patient,
  );
  site.checkValues();
  const unit = site.unit(1);
  assert.ok(unit.late > 0 && unit.stray > 0, JSON.stringify(unit));
  assert.match(
    unit.reason ?? '',
    /^Its answers come as late as \d+ ms after they were asked for, and only 60 ms are waited for: raise `timeout`\.$/,
  );
});

test('with every tenth byte damaged, every value that comes out is right', async (t) => {
  const random = randomOf(11);
  const terminal = await device(t, (request, line) => {
    const answer = answerTo(request);
    for (let i = 0; i < answer.length; i++) if (random.between(1, 10) === 1) answer[i] = random.between(0, 255);
    void line.send(answer);
  });
  const units = [1, 2, 3].map((unit) => ({ unit, profile: 'test/meter' }));
  const site = await ModbusSite.start(t, [busOf({ path: terminal.path, timeout: 30, units })]);
  await eventually('many values', () => site.messages.length >= 40, patient);
  site.checkValues();
  const lost = site.bus().units.reduce((sum, unit) => sum + unit.damaged + unit.unanswered, 0);
  assert.ok(lost > 10, `${lost}`);
  assert.ok(site.bus().strayBytes > 0);
});

test('a cable that is pulled in the middle of an answer and put back', async (t) => {
  let isPulled = false;
  const terminal = await device(t, (request, line) => {
    const answer = answerTo(request);
    void line.send(isPulled ? answer.subarray(0, 6) : answer);
  });
  const site = await ModbusSite.start(t, [busOf({ path: terminal.path })]);
  await eventually('answers', () => site.messages.length > 5);
  isPulled = true;
  await terminal.unplug();
  // A request that was on its way may be the first to fail, with the system's words.
  await eventually('it to be noticed', () => /unplugged|There is no/.test(site.bus().reason ?? ''));
  isPulled = false;
  const before = site.messages.length;
  await terminal.plugIn();
  await eventually('answers again', () => site.messages.length > before + 5);
  site.checkValues();
});

test('what a device does not have is told by name, and the rest is read', async (t) => {
  const line = await portPair(t);
  await ModbusSlave.start(t, line.far, [1]);
  const site = await ModbusSite.start(t, [
    busOf({ path: line.near, timeout: 100, units: [{ unit: 1, profile: 'test/beyond' }] }),
  ]);
  await eventually('both to be asked', () => site.unit(1).refused.length === 1 && site.messages.length > 5, patient);
  assert.deepEqual(site.unit(1).refused, ['It refuses r500 (holding register 500) by exception 2.']);
  assert.equal(site.unit(1).exceptions, 2);
  assert.equal(site.unit(1).state, 'answering');
  site.checkValues();
});

test('while the buffer refuses nothing more is read, and nothing is lost', async (t) => {
  const line = await portPair(t);
  await ModbusSlave.start(t, line.far, [1]);
  let isFull = true;
  const offered: string[] = [];
  const taken: string[] = [];
  const take = ({ payload }: { readonly payload: Uint8Array }, bearer: Bearer): void => {
    const hex = Buffer.from(payload).toString('hex');
    if (isFull) {
      offered.push(hex);
      bearer.refused(new HeadgateError('buffer.full', 'There is no room.'));
      return;
    }
    taken.push(hex);
    bearer.taken(taken.length);
  };
  const site = await ModbusSite.start(t, [busOf({ path: line.near, timeout: 100 })], { take });
  await eventually('it to be offered again', () => offered.length > 5);
  assert.equal(site.bus().isPaused, true);
  assert.equal(site.unit(1).asked, 1);
  assert.deepEqual(await site.source.write('bus/1', { kind: 'register', address: 100, value: 7 }), { kind: 'done' });
  isFull = false;
  await eventually('all to go on', () => taken.length > 5);
  assert.equal(taken[0], offered[0]);
  assert.equal(site.bus().isPaused, false);
});

test('why a bus or a unit can not be read from is told', async (t) => {
  const line = await portPair(t);
  await ModbusSlave.start(t, line.far, [1]);
  const units = [
    { unit: 1, profile: 'test/meter' },
    { unit: 2, profile: 'no/such' },
  ];
  const site = await ModbusSite.start(t, [
    busOf({ path: line.near, units }),
    busOf({ name: 'gone', path: '/dev/headgate-none' }),
    busOf({ name: 'wrong', path: '/dev/headgate-none', units: [{ unit: 1, profile: 'no/such' }] }),
    busOf({ name: 'host', host: 'headgate.invalid' }),
  ]);
  await eventually(
    'all to be tried',
    () => [1, 2, 3].every((index) => site.bus(index).state === 'waiting') && site.messages.length > 2,
  );
  assert.equal(site.unit(2).state, 'unusable');
  assert.equal(site.unit(2).reason, 'There is no profile no/such: see `headgate profile list`.');
  assert.match(site.bus(1).reason ?? '', /^There is no \/dev\/headgate-none/);
  assert.equal(site.bus(2).reason, 'There is no profile no/such: see `headgate profile list`.');
  assert.match(site.bus(3).reason ?? '', /^There is no host headgate\.invalid|could not be connected to/);
  const refused = await site.source.write('bus/2', { kind: 'coil', address: 1, value: true });
  assert.equal(
    refused.kind === 'unsent' && refused.failure,
    'Device 2, told to write coil 1: its profile is not usable.',
  );
  const unfit = await site.source.write('bus/1', { kind: 'register', address: 1, value: 70_000 });
  assert.match(unfit.kind === 'impossible' ? unfit.failure : '', /can not be written .*70_?000/);
  assert.deepEqual(await site.source.write('bus/9', { kind: 'coil', address: 1, value: true }), {
    kind: 'impossible',
    failure: 'There is no Modbus unit bus/9.',
  });
});

/** A TCP server that answers as it likes. */
async function server(
  t: TestContext,
  answer: (socket: Socket, request: Buffer, connection: number) => void,
): Promise<number> {
  let connections = 0;
  const sockets = new Set<Socket>();
  const listening = createServer((socket) => {
    const connection = ++connections;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (request: Buffer) => answer(socket, request, connection));
  });
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    listening.close();
  });
  return (listening.address() as { readonly port: number }).port;
}

function tcpAnswerTo(request: Buffer): Buffer {
  const pdu = answerTo(Buffer.from([...request.subarray(6), 0, 0])).subarray(1, -2);
  const header = Buffer.from(request.subarray(0, 7));
  header.writeUInt16BE(pdu.length + 1, 4);
  return Buffer.concat([header, pdu]);
}

test('a server whose answers are out of step, or that does not speak Modbus, is connected to anew', async (t) => {
  let before: Buffer | undefined;
  const port = await server(t, (socket, request, connection) => {
    if (connection === 1) {
      if (before !== undefined) socket.write(tcpAnswerTo(before));
      before = Buffer.from(request);
    } else if (connection === 2) socket.write(Buffer.from(answerTo(Buffer.from([...request.subarray(6), 0, 0]))));
    else for (const byte of tcpAnswerTo(request)) socket.write(Uint8Array.of(byte));
  });
  const units = [1, 2, 3].map((unit) => ({ unit, profile: 'test/meter' }));
  const site = await ModbusSite.start(t, [busOf({ host: '127.0.0.1', port, timeout: 50, units })]);
  await eventually('answers', () => units.every(({ unit }) => site.count(`bus/${unit}`) > 3), patient);
  site.checkValues();
  assert.equal(site.bus().opened, 3);
  assert.ok(site.bus().units.reduce((sum, unit) => sum + unit.late, 0) > 0);
});

test('a server behind which many units are dead, or that falls silent, is not given up for the wrong reason', async (t) => {
  let isSilent = false;
  const port = await server(t, (socket, request) => {
    if (request[6] === 1 && !isSilent) socket.write(tcpAnswerTo(request));
  });
  const units = [1, 2, 3, 4, 5].map((unit) => ({ unit, profile: 'test/single' }));
  const site = await ModbusSite.start(t, [busOf({ host: '127.0.0.1', port, timeout: 25, units })]);
  await eventually(
    'the dead to be known',
    () => [2, 3, 4, 5].every((unit) => site.unit(unit).state === 'silent'),
    patient,
  );
  await eventually('the other one to be read', () => site.count('bus/1') > 5);
  assert.equal(site.bus().opened, 1);
  isSilent = true;
  await eventually('a new connection', () => site.bus().opened === 2, patient);
  isSilent = false;
  const before = site.count('bus/1');
  await eventually('answers on it', () => site.count('bus/1') > before);
  site.checkValues();
});

test('a serial line behind an adapter in the network is a serial line', async (t) => {
  const timers = new Set<NodeJS.Timeout>();
  t.after(() => {
    for (const timer of timers) clearTimeout(timer);
  });
  const port = await server(t, (socket, request) => {
    const answer = answerTo(request);
    socket.write(answer.subarray(0, 3));
    // Once more, as on a line, where nobody knows what it is for.
    timers.add(setTimeout(() => socket.write(Buffer.concat([answer.subarray(3), answer])), 2));
  });
  const site = await ModbusSite.start(t, [busOf({ host: '127.0.0.1', port, framing: 'rtu', timeout: 50 })]);
  await eventually(
    'values of each block',
    () => new Set(site.messages.map(({ payload }) => payload[3])).size === 3,
    patient,
  );
  site.checkValues();
  assert.ok(site.unit(1).stray > 0);
});

test('a server that floods is let go, and the others go on', async (t) => {
  const noise = Buffer.alloc(65_536, Uint8Array.of(1, 3, 250));
  const port = await server(t, (socket) => {
    const pour = (): void => {
      while (socket.writable && socket.write(noise));
      socket.once('drain', pour);
    };
    pour();
  });
  const good = await server(t, (socket, request) => void socket.write(tcpAnswerTo(request)));
  const site = await ModbusSite.start(t, [
    busOf({ host: '127.0.0.1', port, framing: 'rtu' }),
    busOf({ name: 'good', host: '127.0.0.1', port: good }),
  ]);
  await eventually(
    'it to be let go',
    () => site.bus().reason === 'What is there sends without end what nobody asked for.',
    patient,
  );
  const before = site.count('good/1');
  await eventually('the others', () => site.count('good/1') > before + 10, patient);
  assert.equal(site.count('bus/1'), 0);
});
