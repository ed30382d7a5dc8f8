import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checksumOf } from '../../../src/profiles/framing/checksums.ts';
import { createFramer } from '../../../src/profiles/framing/framing.ts';
import type { FramingOptions } from '../../../src/profiles/framing/options.ts';
import type { SerialLine } from '../../../src/profiles/serial-line.ts';
import { PseudoTerminal } from '../../support/pseudo-terminal.ts';
import { randomOf } from '../../support/random.ts';
import { eventually } from '../../support/wait.ts';
import { recorded } from './recorded.ts';
import { quick, SerialSite } from './site.ts';

// Every tenth byte is damaged. What was sent whole is known here, and nothing else may come out as a measurement.

interface Row {
  readonly name: string;
  readonly profile: string;
  readonly count: number;
  /** Damage comes in runs of so many bytes: of a telegram of 900, single ones would leave none whole. */
  readonly run: number;
  /** The `n`-th frame as it is sent, unlike all others, with its end. */
  readonly frame: (n: number) => Buffer;
  /** What is delivered of it. */
  readonly content: (n: number) => Buffer;
}

function particles(n: number): Buffer {
  const bytes = Buffer.from(recorded('plantower/pms5003')[0]!);
  bytes.writeUInt16BE(n, 4);
  bytes.writeUInt16BE(checksumOf('sum16be', bytes, 0, 30), 30);
  return bytes;
}

function telegram(n: number): string {
  const [example] = recorded('dsmr/p1').map((bytes) => bytes.toString('latin1'));
  const text = example!
    .slice(0, example!.lastIndexOf('!') + 1)
    .replace('000004.426', `${String(n).padStart(6, '0')}.426`);
  return text + checksumOf('crc16-arc', Buffer.from(text, 'latin1')).toString(16).toUpperCase().padStart(4, '0');
}

function sentence(n: number): string {
  const text = `GPRMC,085412.000,A,5222.3198,N,00454.5784,E,${(n / 100).toFixed(2)},251.34,030414,,,A`;
  return `$${text}*${checksumOf('xor8', Buffer.from(text)).toString(16).toUpperCase().padStart(2, '0')}`;
}

const cobs: FramingOptions = { kind: 'cobs', checksum: { kind: 'crc16-ccitt' } };
const cobsLine: SerialLine = {
  bauds: [115_200],
  format: '8N1',
  isByPauses: false,
  beginsLate: false,
  newFramer: () => createFramer(cobs, true),
  polls: [],
  acknowledge: undefined,
  key: '',
};

const numbered = (n: number): Buffer => Buffer.from(`{"n":${n}}`);

/** After the paper by Cheshire and Baker: each zero becomes the distance to the next one. */
function stuffed(n: number): Buffer {
  const message = numbered(n);
  const crc = checksumOf('crc16-ccitt', message);
  const out = [0];
  let code = 0;
  for (const byte of [...message, crc >> 8, crc & 0xff, 0]) {
    if (byte !== 0) out.push(byte);
    else {
      out[code] = out.length - code;
      code = out.length;
      out.push(0);
    }
  }
  return Buffer.from(out);
}

const rows: readonly Row[] = [
  {
    name: 'Plantower frames with their sum',
    profile: 'plantower/pms5003',
    ...{ count: 4_000, run: 1, frame: particles, content: particles },
  },
  {
    name: 'DSMR telegrams with CRC16',
    profile: 'dsmr/p1',
    ...{
      count: 500,
      run: 300,
      frame: (n) => Buffer.from(`${telegram(n)}\r\n`),
      content: (n) => Buffer.from(telegram(n)),
    },
  },
  {
    name: 'NMEA sentences with their checksum',
    profile: 'nmea/nmea-0183',
    ...{
      count: 10_000,
      run: 4,
      frame: (n) => Buffer.from(`${sentence(n)}\r\n`),
      content: (n) => Buffer.from(sentence(n)),
    },
  },
  {
    name: 'COBS frames with a CRC',
    profile: 'arduino/json-lines',
    ...{ count: 4_000, run: 1, frame: stuffed, content: numbered },
  },
];

/** Damages a tenth of the bytes: each of them is another one afterwards. */
function damage(sent: Buffer, run: number): Buffer {
  const random = randomOf(5);
  const bytes = Buffer.from(sent);
  let damaged = 0;
  while (damaged < sent.length / 10) {
    const at = random.between(0, sent.length - run);
    for (let i = at; i < at + run; i++) {
      if (bytes[i] === sent[i]) damaged++;
      bytes[i] = sent[i]! ^ random.between(1, 255);
    }
  }
  return bytes;
}

/** A telegram is delivered up to the next line feed, which may be another one's; that does not matter, its CRC stands before. */
const keyOf = (bytes: Uint8Array): string => {
  const text = Buffer.from(bytes).toString('latin1');
  return text.startsWith('/') ? text.slice(0, text.indexOf('\n!') + 6) : text;
};

for (const { name, profile, count, run, frame, content } of rows) {
  test(`with every tenth byte damaged, what comes of ${name} was sent whole`, async (t) => {
    const device = await PseudoTerminal.create(t);
    const lineOf = profile === 'arduino/json-lines' ? { lineOf: () => cobsLine } : {};
    const pace = { ...quick, quietMs: 200 };
    const site = await SerialSite.start(t, [{ name: 'port', path: device.path, profile }], { pace, ...lineOf });
    await site.opened();
    const frames = Array.from({ length: count }, (_, n) => frame(n));
    const sent = Buffer.concat(frames);
    const bytes = damage(sent, run);
    const whole: number[] = [];
    for (let n = 0, at = 0; n < count; at += frames[n++]!.length)
      if (bytes.subarray(at, at + frames[n]!.length).equals(frames[n]!)) whole.push(n);
    await device.send(bytes);
    await eventually('all bytes', () => site.port().bytes === bytes.length, { timeoutMs: 20_000 });

    const all = new Map(frames.map((_, n) => [keyOf(content(n)), n]));
    const read = site.read.map((payload) => all.get(keyOf(payload)));
    const foreign = site.read.filter((payload) => !all.has(keyOf(payload)));
    assert.deepEqual(foreign.map(String), [], 'measurements that nobody sent');
    const delivered = new Set(read);
    assert.equal(delivered.size, read.length, 'each one once');
    // Back within one frame: whoever follows a whole one is never lost.
    const wholeOnes = new Set(whole);
    const lost = whole.filter((n) => !delivered.has(n));
    assert.deepEqual(
      lost.filter((n) => wholeOnes.has(n - 1)),
      [],
    );
    t.diagnostic(
      `${count} sent, ${whole.length} of them whole, ${delivered.size} delivered, ${lost.length} lost with the one before`,
    );
    // A damaged end of a frame may be taken for one with the next.
    assert.ok(lost.length <= whole.length / 8, `${lost.length} of ${whole.length}`);
    // What damage leaves: each run may hit a frame anywhere.
    const size = sent.length / count;
    const left = (1 - 0.1 / run) ** (size + run - 1);
    assert.ok(Math.abs(whole.length / count / left - 1) < 0.25, `${whole.length / count} of the frames, not ${left}`);
    const { sample, bytes: discarded } = site.port().discarded;
    assert.ok(Object.values(discarded).some((one) => one > 0) && sample !== null);
  });
}
