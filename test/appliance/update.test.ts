import assert from 'node:assert/strict';
import { createReadStream, existsSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Rauc } from '../../src/appliance/rauc.ts';
import { Update, type UpdateState } from '../../src/appliance/update.ts';
import { viewOf } from '../../src/appliance/view-of.ts';
import { eventually } from '../support/wait.ts';
import { aRaucMachine, type RaucMachine } from './rauc-machine.ts';

const appliance = { version: '0.1.0', build: '7', architecture: 'amd64' };

function anUpdate({ root, places }: RaucMachine) {
  const states: UpdateState[] = [];
  const directory = join(root, 'update');
  const update = new Update({
    rauc: new Rauc([places.rauc]),
    appliance,
    directory,
    onState: (state) => states.push(state),
  });
  return { update, states, directory };
}

test('a real bundle is installed by a real RAUC; what is wrong is refused in words, and leaves nothing', async (t) => {
  const machine = aRaucMachine(t);
  await machine.startService();
  const good = machine.bundle('good');
  const cut = machine.bundle('cut');
  truncateSync(cut, statSync(cut).size - 5_000);
  const junk = join(machine.root, 'junk.raucb');
  writeFileSync(junk, 'PK'.repeat(5_000));
  const wrong: [path: string, message: RegExp][] = [
    [cut, /^The bundle is not whole/],
    [junk, /^This is no update bundle/],
    [machine.bundle('foreign', { isForeign: true }), /^The bundle is not signed by whoever this machine trusts/],
    [machine.bundle('other', { architecture: 'arm64', format: 'verity' }), /^The bundle is for headgate-arm64; this/],
  ];
  const { update, states, directory } = anUpdate(machine);
  for (const [path, message] of wrong) {
    const { size } = statSync(path);
    await assert.rejects(update.fromUpload(createReadStream(path), 'x.raucb', size), {
      code: 'update.refused',
      message,
    });
    assert.equal(update.state.step, 'failed');
    assert.deepEqual(readdirSync(directory), [], 'nothing is left of it');
  }
  await assert.rejects(update.fromFile(join(machine.root, 'nowhere')), { code: 'update.refused', message: /ENOENT/ });
  const before = await viewOf(machine.places);
  assert.deepEqual(
    before.slots.map(({ state, isNext }) => [state, isNext]),
    [
      ['proven', true],
      ['empty', false],
    ],
  );

  states.length = 0;
  const { installed } = await update.fromUpload(createReadStream(good), 'good.raucb', statSync(good).size);
  await installed;
  assert.deepEqual(readdirSync(directory), []);
  const steps = states.map(({ step }) => step).filter((step, at, all) => step !== all[at - 1]);
  assert.deepEqual(steps, ['receiving', 'verifying', 'installing', 'installed']);
  const per = states.flatMap((state) => (state.step === 'installing' ? [state.percent] : []));
  assert.deepEqual(
    [...per].sort((a, b) => a - b),
    per,
  );
  assert.ok(
    per.some((percent) => percent > 40 && percent < 99),
    per.join(' '),
  );
  assert.deepEqual(update.state, { step: 'installed', from: 'good.raucb', version: '0.2.0', isOlder: false });
  const after = await viewOf(machine.places);
  assert.deepEqual(
    after.slots.map(({ name, state, version, triesLeft, isNext }) => [name, state, version, triesLeft, isNext]),
    [
      ['A', 'proven', '0.1.0', 7, false],
      ['B', 'installed', '0.2.0', 3, true],
    ],
  );
});

test('an installation that is killed in the middle leaves the machine as it was, and the next one is whole', async (t) => {
  const machine = aRaucMachine(t);
  await machine.startService();
  const path = machine.bundle('old', { version: '0.0.9', megabytes: 40 });
  const { update } = anUpdate(machine);
  const first = update.fromFile(path);
  const refused = assert.rejects(first, { code: 'update.failed', message: /service ended in the middle/ });
  await eventually('the middle', () => update.state.step === 'installing' && update.state.percent > 45);
  assert.equal(await new Rauc([machine.places.rauc]).status(), undefined, 'it answers nothing else while it installs');
  await assert.rejects(anUpdate(machine).update.fromFile(path), { code: 'request.conflict' });
  await assert.rejects(async () => await update.fromFile(path), { code: 'request.conflict' });
  machine.service().kill('SIGKILL');
  await refused;
  await machine.startService();
  const between = await viewOf(machine.places);
  const [a, b] = between.slots;
  assert.deepEqual([a?.state, a?.version, a?.isNext], ['proven', '0.1.0', true]);
  // RAUC notes that it has begun since 1.9; before, the slot is as if nothing had ever been written to it.
  assert.ok(b?.state === 'incomplete' || b?.state === 'empty', b?.state);
  assert.deepEqual([b?.version, b?.isNext], [null, false]);
  await update.fromFile(path);
  assert.ok(existsSync(path), "a file of somebody's stays");
  assert.deepEqual(update.state, { step: 'installed', from: path, version: '0.0.9', isOlder: true });
});
