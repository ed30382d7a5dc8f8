import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CommandReport } from '../../src/core/command.ts';
import { rounds, seededRandom } from '../support/random.ts';
import { CommandSite, commandOf } from './site.ts';

type Step =
  | { readonly do: 'send' | 'answer' | 'late-confirm'; readonly id: string }
  | { readonly do: 'crash' | 'connect' | 'disconnect' | 'come' | 'go' | 'confirm-all' | 'turn' }
  | { readonly do: 'delivery'; readonly as: CommandSite['delivery'] }
  | { readonly do: 'disk'; readonly refuses: boolean }
  | { readonly do: 'time'; readonly ms: number };

const ids = ['a', 'b', 'c', 'd'];
const id = fc.constantFrom(...ids);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('send' as const, 'answer' as const), id }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('late-confirm' as const), id }) },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constantFrom('crash', 'connect', 'disconnect', 'come', 'go', 'confirm-all', 'turn', 'turn'),
      }) as fc.Arbitrary<Step>,
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('delivery' as const),
        as: fc.constantFrom('given' as const, 'not-given' as const, 'broken' as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('disk' as const), refuses: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.constantFrom(500, 5_000, 31_000) }) },
  ),
  { maxLength: 30 },
);

const settled = ['acknowledged', 'failed', 'expired', 'unknown'];

async function play(all: readonly Step[]): Promise<void> {
  const site = new CommandSite();
  await site.start();
  const sent = new Set<string>();
  const send = (one: string): void => {
    sent.add(one);
    site.commands.take(commandOf(one, one === 'c' ? { expiresInMs: 4_000 } : {}));
  };
  const confirm = ({ id: of, revision }: CommandReport): void => site.commands.confirmed(of, revision);
  const answer = async (one: string): Promise<void> => {
    // A device answers what it was given; that a disk refuses it, it hears and says it again.
    if (site.given.includes(one)) await site.commands.answered('pump', one, Buffer.from('ok')).catch(() => {});
  };
  for (const step of all) {
    switch (step.do) {
      case 'send':
        send(step.id);
        break;
      case 'answer':
        await answer(step.id);
        break;
      case 'late-confirm':
        for (const report of site.reports.filter((one) => one.id === step.id).slice(0, 1)) confirm(report);
        break;
      case 'crash':
        site.disk.refusal = undefined;
        await site.crash();
        break;
      case 'connect':
        site.connect();
        break;
      case 'disconnect':
        site.commands.disconnected();
        break;
      case 'come':
        site.isThere = true;
        site.commands.devicesChanged();
        break;
      case 'go':
        site.isThere = false;
        break;
      case 'confirm-all':
        for (const report of [...site.reports]) confirm(report);
        break;
      case 'turn':
        await site.settle();
        break;
      case 'delivery':
        site.delivery = step.as;
        break;
      case 'disk':
        site.disk.refusal = step.refuses ? 'full' : undefined;
        break;
      case 'time':
        await site.pass(step.ms);
        break;
    }
    assert.equal(new Set(site.given).size, site.given.length, `given twice: ${site.given.join()}`);
  }
  // In the end all is well again: everything that was sent settles, and is told of. The collector sends what is not
  // settled once more, as it does on each connection.
  site.disk.refusal = undefined;
  site.delivery = 'given';
  site.isThere = true;
  site.commands.disconnected();
  site.connect();
  for (const one of sent) send(one);
  await site.pass();
  await site.pass(40_000);
  await site.pass(40_000);
  assert.equal(new Set(site.given).size, site.given.length, `given twice: ${site.given.join()}`);
  for (const one of sent) {
    const reports = site.reports.filter((report) => report.id === one);
    const newest = reports.reduce((a, b) => (b.revision >= a.revision ? b : a));
    assert.ok(settled.includes(newest.state), `${one} is ${newest.state} in the end`);
    for (const report of reports) {
      // A revision names one state for ever: whoever has made one durable has the truth, or less of it.
      const other = reports.find((each) => each.revision === report.revision && each.state !== report.state);
      assert.equal(other, undefined, `revision ${report.revision} of ${one} is ${report.state} and ${other?.state}`);
    }
    if (newest.state === 'expired') assert.ok(!site.given.includes(one), `${one} was given, and is told as expired`);
    if (newest.state === 'acknowledged') assert.ok(site.given.includes(one));
  }
}

test('whatever comes when, a device is given a command once at the most, and every command settles and is told of', async (t) => {
  const seed = seededRandom(t).between(0, 2 ** 31 - 1);
  await fc.assert(fc.asyncProperty(steps, play), { seed, numRuns: rounds(1_500, 50_000) });
});
