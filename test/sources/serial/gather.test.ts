import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openConnection } from '../../../src/sources/serial/connection.ts';
import { PseudoTerminal } from '../../support/pseudo-terminal.ts';
import { eventually } from '../../support/wait.ts';

const settings = { baud: 115_200, format: '8N1', flowControl: 'none', gatherMs: 20 } as const;

test('what comes without a pause is read in lots, whole and in order', async (t) => {
  const device = await PseudoTerminal.create(t);
  const lots: Buffer[] = [];
  const connection = await openConnection(device.path, settings, (bytes) => lots.push(Buffer.from(bytes)));
  t.after(() => connection.close('The test is over.'));
  const count = 200;
  const sent = Buffer.from(Array.from({ length: count }, (_, index) => index));
  for (const byte of sent) {
    await device.send(Uint8Array.of(byte));
    await delay(1);
  }
  await eventually('all of it', () => Buffer.concat(lots).length === count);
  assert.deepEqual(Buffer.concat(lots), sent);
  assert.ok(lots.length < count / 2, `${lots.length} lots`);
});

test('who says much at once is not kept waiting', async (t) => {
  const device = await PseudoTerminal.create(t);
  let bytes = 0;
  // A second for each lot would be seen.
  const connection = await openConnection(device.path, { ...settings, gatherMs: 1_000 }, (lot) => {
    bytes += lot.length;
  });
  t.after(() => connection.close('The test is over.'));
  await device.send(Buffer.alloc(200_000));
  await eventually('all of it', () => bytes === 200_000, { timeoutMs: 4_000 });
});
