import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import type { Bearer, Message } from '../../../src/core/message.ts';
import { ended, portPair } from '../../support/port-pair.ts';
import { eventually } from '../../support/wait.ts';
import { SerialSite } from './site.ts';

test('while the buffer blocks, what the kernel has room for waits, and all of it is whole afterwards', async (t) => {
  const { near, far } = await portPair(t);
  const waiting: [Message, Bearer][] = [];
  const site = await SerialSite.start(t, [{ name: 'port', path: near, profile: 'arduino/json-lines' }], {
    maxInFlight: 8,
    take: (...one) => waiting.push(one),
  });
  await site.opened();
  const count = 40_000;
  const script = join(import.meta.dirname, '../../support/pour.py');
  const device = spawn('/usr/bin/python3', [script, far, `${count}`], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => ended(device));
  const [taken] = await new Promise<Buffer[]>((resolve) => {
    createInterface({ input: device.stdout }).once('line', (line) => resolve([Buffer.from(line, 'hex')]));
  });
  await eventually('the port to be paused', () => site.port().isPaused);
  // One read is at hand, the rest is in the kernel; much had no room there.
  assert.ok(waiting.length < 1_000, `${waiting.length}`);
  assert.ok(taken!.length < count * 5, `${taken!.length}`);
  // The first line may be the rest of one, for all that the gateway knows.
  const expected = taken!.toString('latin1').split('\r\n').slice(1, -1);
  const settled: string[] = [];
  const settleAll = (): void => {
    for (const [{ payload }, bearer] of waiting.splice(0)) {
      settled.push(Buffer.from(payload).toString());
      bearer.taken(settled.length);
    }
  };
  await eventually(
    'all that the port took',
    () => {
      settleAll();
      return settled.length >= expected.length;
    },
    { everyMs: 1 },
  );
  assert.deepEqual(settled, expected);
  device.stdin.write('123456789\n');
  await eventually('what is said now', () => {
    settleAll();
    return settled.at(-1) === '{"n":123456789}';
  });
  assert.equal(site.port().isPaused, false);
  assert.equal(site.port().lost, 0);
  t.diagnostic(`${taken!.length} bytes taken, ${expected.length} of ${count} lines`);
});
