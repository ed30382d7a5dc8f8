import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../../../src/config/load.ts';
import { checksumOf } from '../../../src/profiles/framing/checksums.ts';
import { modbusLines } from '../../../src/profiles/modbus-guess.ts';
import { guessProfiles, lineGuesses } from '../../../src/profiles/serial-guess.ts';
import { interrogation } from '../../../src/profiles/serial-questions.ts';
import { type ScanRequest, scanPort } from '../../../src/sources/serial/scan.ts';
import { ended, portPair } from '../../support/port-pair.ts';
import { PseudoTerminal } from '../../support/pseudo-terminal.ts';
import { recorded } from './recorded.ts';
import { library } from './site.ts';

const options = loadConfig({}).decode;

const scan = (request: ScanRequest) =>
  scanPort(request, {
    lines: lineGuesses(library),
    guess: (bytes) => guessProfiles(bytes, library, options),
    questions: (line) => interrogation(line, library, options, { pollMs: 80, modbusMs: 120 }),
    askedLines: modbusLines,
  });

async function meter(t: TestContext, unit: number, registers: string): Promise<string> {
  const { near, far } = await portPair(t);
  const script = join(import.meta.dirname, '../../support/modbus-meter.py');
  const python = spawn('/usr/bin/python3', [script, far, `${unit}`, registers], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => ended(python));
  await new Promise((resolve) => python.stdout.once('data', resolve));
  return near;
}

test('nothing is sent to a device unless that is asked for', async (t) => {
  const device = await PseudoTerminal.create(t);
  const { guesses } = await scan({ path: device.path, baud: 9600, seconds: 0.1 });
  assert.deepEqual([guesses, device.written.length], [[], 0]);
});

test('a device that only answers is found by what its profile asks', async (t) => {
  const device = await PseudoTerminal.create(t);
  device.onWritten = (bytes) => {
    // A sensor for CO2: it answers its own request, and nothing else.
    if (bytes.toString('hex') === 'ff0186000000000079') void device.send(Buffer.from('ff8601f40000000085', 'hex'));
  };
  const { line, guesses, bytes } = await scan({ path: device.path, baud: 9600, seconds: 0.1, ask: true });
  assert.equal(line.baud, 9600);
  // Another sensor of this maker is asked the same, and answers in the same form.
  const sure = guesses.filter(({ confidence }) => confidence >= 0.75).map(({ profile }) => profile);
  assert.ok(sure.includes('winsen/mh-z19'), JSON.stringify(sure));
  assert.equal(bytes.toString('hex'), 'ff8601f40000000085');
});

test('a device that speaks by itself is not asked', async (t) => {
  const device = await PseudoTerminal.create(t);
  const timer = setInterval(() => void device.send(Buffer.from('aac0d4043a0aa1601dab', 'hex')), 20);
  t.after(() => clearInterval(timer));
  const { guesses } = await scan({ path: device.path, ask: true });
  assert.equal(guesses[0]?.profile, 'nova/sds011');
  assert.equal(device.written.length, 0);
});

test('a meter on a Modbus line is found by its unit, and by which profile its registers are plausible for', async (t) => {
  // What an SDM630 measured: volkszaehler/mbmd, issue 63.
  const [exchange] = recorded('eastron/sdm630');
  const registers = exchange!.subarray(3, -2).toString('hex');
  const path = await meter(t, 3, registers);
  const { line, guesses } = await scan({ path, baud: 4800, seconds: 0.1, ask: true });
  assert.deepEqual(line, { baud: 4800, format: '8N1' });
  assert.equal(guesses[0]?.profile, 'eastron/sdm630', JSON.stringify(guesses.slice(0, 3)));
  assert.equal(guesses[0].modbusUnit, 3);
  assert.match(guesses[0].reason, /^Modbus unit 3 answers, and \d+ of \d+ values are what they can be$/);
  assert.ok(guesses.every(({ modbusUnit }) => modbusUnit === 3));
});

test('a Modbus device that refuses, and that no profile fits, is told of by its unit', () => {
  const asking = interrogation({ baud: 4800, format: '8N1' }, library, options);
  let step = asking.next();
  let asked = 0;
  while (!step.done) {
    asked++;
    const isForUnit = Buffer.from(step.value.request).toString('hex') === 'f70300000001909c';
    step = asking.next(isForUnit ? Buffer.from('f7830220c3', 'hex') : new Uint8Array());
  }
  assert.deepEqual(
    step.value.map(({ profile, modbusUnit }) => [profile, modbusUnit]),
    [['modbus/registers', 247]],
  );
  // Each profile's registers were asked for, a few requests each.
  assert.ok(asked > 22 + 20 && asked < 150, `${asked}`);
});

test('nothing that is sent to Modbus units writes', () => {
  for (const line of modbusLines) {
    const asking = interrogation(line, library, options);
    // Unit 1 refuses all that is asked of its holding registers, so it is there.
    for (let step = asking.next(); !step.done; step = asking.next(Buffer.from('018302c0f1', 'hex'))) {
      const request = Buffer.from(step.value.request);
      // Of requests with a right CRC, which is what a unit listens to.
      if (request.length === 8 && checksumOf('crc16-modbus', request, 0, 6) === request.readUInt16LE(6))
        assert.ok([1, 2, 3, 4].includes(request[1]!), request.toString('hex'));
    }
  }
});
