import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { crc32 } from 'node:zlib';
import type { Bearer, Message } from '../../../src/core/message.ts';
import { acknowledgementOf } from '../../../src/profiles/acknowledgement.ts';
import { serialLineOf } from '../../../src/profiles/serial-line.ts';
import { Acknowledger } from '../../../src/sources/serial/acknowledger.ts';
import { MemoryDisk, shelfOn } from '../../support/memory-shelf.ts';
import { PseudoTerminal } from '../../support/pseudo-terminal.ts';
import { eventually } from '../../support/wait.ts';
import { library, quick, SerialSite } from './site.ts';

const [enquiry, end] = [Buffer.from('05', 'hex'), Buffer.from('04', 'hex')];
const acknowledged = '06';
const refused = '15';
// Beckman Coulter C03112-AF prints these with their checksums.
const patient = Buffer.from('\x022P|1|098765678\r\x03A3\r\n');
const terminator = Buffer.from('\x024L|1|F\r\x03FF\r\n');

interface Taken {
  readonly message: Message;
  readonly bearer: Bearer;
}

/** A site whose records become durable when the test says so. */
async function start(t: TestContext, rest: object = {}, profile = 'astm/e1381') {
  const device = await PseudoTerminal.create(t);
  const taken: Taken[] = [];
  const ports = [{ name: 'lab', path: device.path, profile }];
  const take = (message: Message, bearer: Bearer) => taken.push({ message, bearer });
  const site = await SerialSite.start(t, ports, { take, ...rest });
  await site.opened();
  const written = async (hex: string) =>
    eventually(`${hex} to be written`, () => device.written.toString('hex') === hex);
  const frames = async (count: number) => eventually(`${count} frames`, () => taken.length === count);
  return { device, taken, site, written, frames };
}

test('a frame is acknowledged when its record is durable, and not before', async (t) => {
  const { device, taken, site, written, frames } = await start(t);
  await device.send(enquiry);
  await written(acknowledged);
  await device.send(patient);
  await frames(1);
  assert.equal(device.written.toString('hex'), acknowledged);
  taken[0]!.bearer.taken(1);
  await written(acknowledged.repeat(2));
  await device.send(terminator);
  await frames(2);
  taken[1]!.bearer.taken(2);
  await written(acknowledged.repeat(3));
  await device.send(Buffer.concat([end, enquiry]));
  await written(acknowledged.repeat(4));
  const { acknowledged: count, discarded } = site.port();
  assert.deepEqual([count, discarded.bytes.noise], [2, 0]);
});

test('a damaged frame is refused at once, and the same one taken when it comes undamaged', async (t) => {
  const { device, taken, site, written, frames } = await start(t);
  const damaged = Buffer.from(patient);
  damaged[5]! ^= 1;
  await device.send(damaged);
  await written(refused);
  await device.send(damaged);
  await written(refused.repeat(2));
  await device.send(patient);
  await frames(1);
  taken[0]!.bearer.taken(1);
  await written(`${refused}${refused}${acknowledged}`);
  assert.deepEqual([site.port().refused, site.port().discarded.bytes.checksum], [2, damaged.length * 2]);
});

test('a frame that comes again while its record is on the way to the disk makes no second one, and is acknowledged once', async (t) => {
  const { device, taken, site, written, frames } = await start(t);
  await device.send(patient);
  await frames(1);
  await device.send(patient);
  await eventually('the second', () => site.port().repeated === 1);
  taken[0]!.bearer.taken(1);
  await written(acknowledged);
  await device.send(patient);
  await written(acknowledged.repeat(2));
  assert.equal(taken.length, 1);
});

test('a frame that an earlier run has on record is acknowledged without a second one, also after two crashes', async (t) => {
  const disk = new MemoryDisk();
  const delivery = { client: '\0serial:lab', packetId: 1, digest: crc32(patient), agoMs: 0 };
  const silent = await start(t, { shelf: shelfOn(disk), recent: [delivery] });
  await silent.site.source.stop();
  const { device, taken, written, frames } = await start(t, { shelf: shelfOn(disk.afterCrash()) });
  await device.send(patient);
  await written(acknowledged);
  await device.send(terminator);
  await frames(1);
  assert.deepEqual(taken[0]!.message.delivery, { client: '\0serial:lab', packetId: 1, digest: crc32(terminator) });
});

test('a connection that is gone gets no acknowledgement; the frame that comes again on the next one does', async (t) => {
  const { device, taken, site, written, frames } = await start(t);
  await device.send(patient);
  await frames(1);
  await device.unplug();
  await eventually('it to be lost', () => site.port().state === 'waiting');
  await device.plugIn();
  await site.opened(2);
  device.written = Buffer.alloc(0);
  await device.send(patient);
  await eventually('it to be known', () => site.port().repeated === 1);
  taken[0]!.bearer.taken(1);
  await written(acknowledged);
  assert.equal(taken.length, 1);
});

test('what the buffer refused is acknowledged when it was taken after all', async (t) => {
  const { device, taken, written, frames } = await start(t, { pace: quick });
  await device.send(patient);
  await frames(1);
  taken[0]!.bearer.refused(new Error('full'));
  await frames(2);
  taken[1]!.bearer.taken(1);
  await written(acknowledged);
});

test('messages without a number are the same for a while only, and their order is that of the acknowledgements', () => {
  let now = 0;
  const pushed: (() => void)[] = [];
  const said: string[] = [];
  const deps = { port: 'alarms', push: (_f: Uint8Array, _d: unknown, taken: () => void) => pushed.push(taken) };
  const acknowledger = new Acknowledger({ ...deps, now: () => now, onNext: () => {} });
  const how = acknowledgementOf({ text: 'A{number};', number: { at: 0, length: 1 }, again: 30_000 });
  const timed = acknowledgementOf({ hex: '06', again: 30_000 });
  const hear = (text: string, by = how) =>
    acknowledger.heard(Buffer.from(text), by, (bytes) => said.push(Buffer.from(bytes).toString()));
  hear('1 a');
  hear('2 b');
  pushed[1]!();
  assert.deepEqual(said, []);
  pushed[0]!();
  assert.deepEqual(said, ['A1;', 'A2;']);
  now = 1_000_000;
  hear('2 b');
  assert.deepEqual([said.at(-1), pushed.length], ['A2;', 2]);
  hear('x', timed);
  pushed[2]!();
  now += 30_000;
  hear('x', timed);
  assert.equal(pushed.length, 3);
  now += 30_001;
  hear('x', timed);
  assert.equal(pushed.length, 4);
});

test('which frames are acknowledged is said by the profile', async (t) => {
  const profile = library.profiles.get('sur-gard/receiver')!;
  const acknowledge = { hex: '06', when: '^5', again: 30_000 };
  const { options } = profile;
  const changed = { ...profile, options: { ...options, serial: { ...options.serial!, acknowledge } } };
  const { device, taken, written, frames } = await start(
    t,
    { lineOf: (name: string) => serialLineOf(name, changed) },
    'sur-gard/receiver',
  );
  await device.send('\x141011           @    \x145011 181234E12101001\x14');
  await frames(2);
  for (const { bearer } of taken) bearer.taken(1);
  await written(acknowledged);
});
