// Whatever devices say, and whenever the process dies or the buffer is full: each alarm is told of once, in order, and as it is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeTime } from '../support/fake-time.ts';
import { randomOf } from '../support/random.ts';
import { Site, takenOf, World } from './site.ts';

const wanted: Readonly<Record<string, readonly string[]>> = {
  active: ['raised'],
  acknowledged: ['raised', 'acknowledged'],
  cleared: ['raised', 'cleared'],
  'acknowledged, cleared': ['raised', 'acknowledged', 'cleared'],
};

test('a thousand things that happen by chance, with deaths in between', async (t) => {
  for (let seed = 1; seed <= 6; seed++) {
    const time = new FakeTime();
    time.start();
    t.after(() => time.stop());
    const random = randomOf(seed);
    const below = (n: number): number => Math.floor(random.next() * n);
    const world = new World(time);
    let site = await Site.start(world);
    await site.rule({ hysteresis: 2 });
    await site.rule({ device: 'd1', forSeconds: 5, clearForSeconds: 3, severity: 'critical' });
    await site.rule({ device: 'd2', comparator: 'outside', value: undefined, low: 2, high: 8 });
    for (let i = 0; i < 1_000; i++) {
      const dice = below(100);
      if (dice < 70) await site.says(below(14), { device: `d${below(4)}` });
      else if (dice < 85) await site.wait(below(4) * 1_000);
      else if (dice < 90) {
        const active = site.alarms.all().filter(({ state }) => state === 'active');
        const [one] = active.slice(below(active.length));
        // A process that dies before it is durable has told nobody.
        if (one !== undefined) site.alarms.acknowledge(one.id, 'eve', '').catch(() => {});
      } else if (dice < 94) world.refusal = world.refusal === undefined ? 'the buffer is full' : undefined;
      else if (dice < 97) time.jump((below(3) - 1) * 3_600_000);
      else {
        // In the middle of it: what it says is known to nobody yet, on its way to the disk, or to the collector.
        site.alarms.taken(takenOf(below(14), { device: `d${below(4)}` }, time.now()));
        for (let turns = below(4); turns > 0; turns--) await time.turn();
        site = await site.restart();
      }
      const open = site.alarms.all().filter(({ state }) => state !== 'cleared');
      const keys = open.map(({ rule, device }) => `${rule}/${device}`);
      assert.equal(new Set(keys).size, keys.length, `seed ${seed}: two alarms of one thing`);
    }
    world.refusal = undefined;
    await site.wait(20_000);
    const told = new Map<unknown, unknown[]>();
    for (const { measurement } of world.records) {
      const [change, alarm] = measurement.fields.map(({ value }) => value);
      told.set(alarm, [...(told.get(alarm) ?? []), change]);
    }
    const raised = site.alarms.all().filter(({ state }) => state !== 'pending');
    assert.ok(raised.length > 20, `seed ${seed}: ${raised.length} alarms`);
    for (const { id, state, acknowledgedAt } of raised) {
      const course = state === 'cleared' && acknowledgedAt !== null ? 'acknowledged, cleared' : state;
      assert.deepEqual(told.get(id), wanted[course], `seed ${seed}: ${id}, ${course}`);
    }
    assert.equal(told.size, raised.length, `seed ${seed}: somebody was told of an alarm that is not there`);
    assert.equal(site.alarms.status().told.owed, 0);
    time.stop();
  }
});
