import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SinkFile, startCollector } from '../support/collector.ts';
import { impatient, startGateway } from '../support/gateway.ts';
import { PseudoTerminal } from '../support/pseudo-terminal.ts';
import { rounds, seededRandom } from '../support/random.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

const count = rounds(1, 100);

/** A frame of ASTM E1381 with a result. */
function frame(number: number): Buffer {
  const text = `${number % 8}R|1|^^^Ferritin^1|${number}|ng/ml\r\x03`;
  const sum = [...Buffer.from(text)].reduce((total, byte) => total + byte, 0) & 0xff;
  return Buffer.from(`\x02${text}${sum.toString(16).toUpperCase().padStart(2, '0')}\r\n`);
}

test('an instrument that is killed on the way of its acknowledgement is heard once', {
  timeout: 120_000,
}, async (t) => {
  const random = seededRandom(t);
  const dir = tempDir(t);
  const device = await PseudoTerminal.create(t);
  const sink = join(dir, 'sink');
  const collector = await startCollector(t, { sink: `file:${sink}` });
  const ports = JSON.stringify([{ name: 'lab', path: device.path, profile: 'astm/e1381' }]);
  const start = () =>
    startGateway(t, {
      dataDir: join(dir, 'gateway'),
      uplinkPort: collector.port('collector'),
      set: { ...impatient, 'serial.ports': ports },
    });
  /** What an instrument does: it sends the frame until it hears that it was taken. */
  const sendUntilHeard = async (number: number) => {
    const before = device.written.length;
    const isHeard = () => device.written.subarray(before).includes(0x06);
    for (let attempt = 0; attempt < 100 && !isHeard(); attempt++) {
      await device.send(frame(number));
      await eventually('an answer, or a while', isHeard, { timeoutMs: 500 }).catch(() => {});
    }
    assert.ok(isHeard(), `frame ${number}`);
  };
  let gateway = await start();
  await sendUntilHeard(1);
  await gateway.kill();
  gateway = await start();
  // It was acknowledged, but the instrument did not hear it.
  await sendUntilHeard(1);
  for (let number = 2; number < 2 + count; number++) {
    // It sends, and the gateway dies before, in or behind the commit.
    await device.send(frame(number));
    await delay(random.between(0, 60));
    await gateway.kill();
    gateway = await start();
    await sendUntilHeard(number);
  }
  const file = new SinkFile(sink);
  await eventually('all records', () => file.look().length >= 1 + count, { timeoutMs: 20_000 });
  const values = file.look().map(({ fields }) => fields?.[0]?.number ?? fields?.[0]?.integer);
  assert.deepEqual(
    values.map(Number),
    Array.from({ length: 1 + count }, (_, index) => index + 1),
  );
});
