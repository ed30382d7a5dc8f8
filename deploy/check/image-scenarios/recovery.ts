import { equal, notEqual } from 'node:assert/strict';
import { eventually } from '../../../test/support/wait.ts';
import { Appliance, hostname } from '../appliance.ts';
import { copyToBoot } from '../disk-image.ts';
import type { ImageScene } from '../image-scene.ts';
import { type Findings, say } from '../results.ts';

/** ext4's superblock, from the beginning of the partition on (https://docs.kernel.org/filesystems/ext4/globals.html#super-block). */
const superblock = { from: 1024, bytes: 1024 };

/**
 * A machine that has come to harm, and what a person does about it with the card in a computer: a data partition whose superblock is gone repairs
 * itself; a file asks for a factory reset; another one for the rescue console.
 */
export async function recovery(scene: ImageScene): Promise<Findings> {
  const { image, board, directory, random, tellsAll, afterwards } = scene;
  const appliance = await Appliance.make({ image, board, directory, random, tellsAll, console: true });
  afterwards(() => appliance.close());
  await appliance.start();
  await appliance.firstPage();
  const first = await gatewayOf(appliance);
  await appliance.stop();

  const { from } = appliance.partitions()[3]!;
  appliance.disk.write(from + superblock.from, Buffer.alloc(superblock.bytes));
  appliance.disk.flush();
  await appliance.start();
  await appliance.firstPage();
  const repaired = await gatewayOf(appliance);
  equal(repaired, first, 'the same gateway, with all that it had');
  const repair = (await appliance.root('cat /run/headgate-machine/e2fsck || true')).trim().split('\n').at(-1);
  say(`  without its superblock: ${repair}`);
  await appliance.stop();

  putOnCard(appliance, 'factory-reset');
  await appliance.start();
  await appliance.firstPage();
  const reset = await gatewayOf(appliance);
  notEqual(reset, first, 'another gateway');
  equal((await appliance.root('hostname')).trim(), hostname, 'with the settings of the card');
  say('  factory reset: another gateway, with the same settings');
  await appliance.stop();
  await appliance.start();
  await appliance.firstPage();
  equal(await gatewayOf(appliance), reset, 'it is reset once');
  await appliance.stop();

  putOnCard(appliance, 'rescue');
  const machine = await appliance.start();
  await machine.console.waitFor(/You are in rescue mode/, 300_000);
  // It asks for Enter, and forgets what was pressed before it asked.
  const enter = () => {
    machine.console.send('\n');
    return /root@\S+# /.test(machine.console.text);
  };
  await eventually('the shell', enter, { timeoutMs: 120_000, everyMs: 2_000 });
  machine.console.send('ls /data/headgate | head -n 3; echo "it is $(id -un)"\n');
  await machine.console.waitFor(/it is root/, 60_000);
  await machine.kill();
  return { repair, resetTo: 'another gateway with the settings of the card', rescue: 'a shell of root' };
}

/** An empty file of that name, put there by a computer that reads cards: what the machine has written last is on the card by then. */
function putOnCard(appliance: Appliance, name: string): void {
  appliance.disk.flush();
  copyToBoot(appliance.card, name, '');
}

/** Which gateway this is. */
async function gatewayOf(appliance: Appliance): Promise<string> {
  await appliance.signIn();
  return (await appliance.status()).gateway.id;
}
