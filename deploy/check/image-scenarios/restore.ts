import { equal, notEqual, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Appliance } from '../appliance.ts';
import type { ImageScene } from '../image-scene.ts';
import type { Findings } from '../results.ts';
import { Site } from '../site.ts';

const handbook = join(import.meta.dirname, '../../README.md');

/**
 * A machine that breaks with records in it that no collector has, and another one from a fresh card that takes its place by its backup, with the
 * commands of the handbook.
 */
export async function restore(scene: ImageScene): Promise<Findings> {
  const { t, image, board, directory, random, tellsAll, afterwards } = scene;
  const site = await Site.make(t, directory);
  const make = async (name: string): Promise<Appliance> => {
    const where = join(directory, name);
    const made = await Appliance.make({ image, board, directory: where, random, tellsAll, gateway: site.settings });
    afterwards(() => made.close());
    await made.start();
    await made.firstPage();
    return made;
  };
  const broken = await make('broken');
  await site.equip(broken);
  const delivered = (await site.takeIn(broken, 50)).count;
  await site.settled();
  await site.stopCollector();
  const taken = (await site.takeIn(broken, 200)).count;
  const before = await broken.status();
  ok(before.buffer.waitingRecords >= taken, `${before.buffer.waitingRecords} records wait`);
  const backup = join(directory, 'headgate-backup-NAME.tar');
  await broken.download('/api/v1/backup', backup);
  await broken.machine.kill();

  const other = await make('other');
  await other.signIn();
  notEqual((await other.status()).gateway.id, before.gateway.id);
  const { target, commands } = restoring(readFileSync(handbook, 'utf8'));
  await other.copy(backup, target);
  const last = commands.at(-1)!;
  for (const command of commands.slice(0, -1)) await other.root(command, 300_000);
  // The connection may be gone before its answer. This machine is off where another one would start anew.
  await other.root(last).catch(() => '');
  await other.machine.ended(120_000);
  await other.machine.kill();
  await other.start();
  const pageSeconds = Math.round(await other.firstPage(600_000));
  await other.signIn();
  const after = await other.status();
  equal(after.gateway.id, before.gateway.id, 'the same gateway');
  ok(after.buffer.waitingRecords >= before.buffer.waitingRecords, `${after.buffer.waitingRecords} records wait`);
  await site.startCollector();
  const ending = await site.end(other);
  equal(ending.failedUnits, '', 'no unit has failed');
  return { delivered, waiting: taken, pageSeconds, ...ending };
}

/** What the handbook has a person do with a backup. @throws an Error when it says nothing of that kind */
function restoring(text: string): { readonly target: string; readonly commands: readonly string[] } {
  const [, block = ''] = /^## Back up and restore$[\s\S]*?```sh\n([\s\S]*?)```/m.exec(text) ?? [];
  const target = /^scp headgate-backup-NAME\.tar admin@headgate\.local:(\S+)$/m.exec(block)?.[1];
  const commands = block.split('\n').filter((line) => line.startsWith('sudo '));
  if (target === undefined || commands.length === 0) throw new Error(`${handbook} does not tell how to restore`);
  return { target: target.endsWith('/') ? `${target}headgate-backup-NAME.tar` : target, commands };
}
