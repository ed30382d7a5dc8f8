import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { CommandSite, given } from '../support/command-site.ts';
import { rounds, seededRandom } from '../support/random.ts';
import { eventually } from '../support/wait.ts';

test('kill -9 of the gateway and the collector at each step of a command: done once at the most, and told in the end', async (t) => {
  const site = await CommandSite.start(t, { 'commands.answerTimeout': '1s' });

  // Durable at the collector, and its gateway does not know of it.
  await site.gateway.kill();
  await site.send('a');
  await site.restartCollector();
  await site.startGateway();
  await site.until('a', 'queued');

  // Queued at the gateway.
  await site.restartGateway();
  const first = await site.device();
  await eventually('the command', () => given(first).length > 0);

  // Given to the device, which has not answered.
  await site.until('a', 'sent');
  await site.restartGateway();
  await first.kill();
  const second = await site.device();

  // Answered, and the collector is not there to hear it.
  await site.collector.kill();
  await site.answer('a', '{"status":"ok","result":"once"}');
  await site.restartGateway();
  await site.startCollector();
  const { states, last } = await site.watch('a');
  assert.equal(states.at(-1), 'acknowledged');
  assert.equal(Buffer.from(last.result).toString(), 'once');

  // Settled: it comes again, to a gateway that has been killed.
  await site.restartGateway();
  assert.equal(await site.send('a'), true);
  await second.kill();
  const third = await site.device();

  // Given to the device, and never answered.
  await site.send('b');
  await eventually('the next command', () => given(third).length > 0);
  await site.restartGateway();
  assert.equal((await site.watch('b')).states.at(-1), 'unknown');
  await third.kill();
  const fourth = await site.device();
  await site.send('c');
  await eventually('the last one', () => given(fourth).length > 0);
  assert.deepEqual([first, second, third, fourth].map(given), [['a'], [], ['b'], ['c']]);
});

test('kill -9 of the gateway at any moment: no command is done twice, and each is told of', async (t) => {
  const random = seededRandom(t);
  const site = await CommandSite.start(t, { 'commands.answerTimeout': '500ms' });
  const times = new Map<string, number>();
  const count = rounds(3, 60);
  for (let round = 0; round < count; round++) {
    const device = await site.device();
    const ids = Array.from({ length: 5 }, (_, i) => `r${round}-${i}`);
    const answered = new Set<string>();
    const sending = (async () => {
      for (const id of ids) await site.send(id);
    })();
    const killing = delay(random.between(0, 150)).then(() => site.gateway.kill());
    while (!site.gateway.hasExited) {
      for (const id of given(device)) {
        if (answered.has(id)) continue;
        answered.add(id);
        // Its connection may go with the gateway: then the answer is lost, as it may be.
        await site.answer(id, 'ok').catch(() => {});
      }
      await delay(5);
    }
    await Promise.all([sending, killing]);
    for (const id of given(device)) times.set(id, (times.get(id) ?? 0) + 1);
    await device.kill();
    await site.startGateway();
    const next = await site.device();
    for (const id of ids) {
      const { states } = await site.watch(id);
      assert.match(states.at(-1) ?? '', /^(acknowledged|unknown)$/, id);
    }
    for (const id of given(next)) times.set(id, (times.get(id) ?? 0) + 1);
    await next.kill();
  }
  const twice = [...times].filter(([, number]) => number > 1).map(([id]) => id);
  assert.deepEqual(twice, []);
  t.diagnostic(`${count} kills, ${times.size} of ${count * 5} commands given`);
});
