import { setTimeout as delay } from 'node:timers/promises';
import { Appliance } from '../appliance.ts';
import type { ImageScene } from '../image-scene.ts';
import { memoryCommand, memoryOf } from '../memory.ts';
import type { Findings } from '../results.ts';

/** So long after its page the machine has done what a start brings with it; the health gate is through as well. */
const settleMs = 150_000;

/**
 * What the memory of a machine is taken by that has nothing to do: after its first start, which makes keys and certificates, and after the next
 * one. The embedded collector is part of it, as nobody has configured another one.
 */
export async function idle(scene: ImageScene): Promise<Findings> {
  const { image, board, directory, random, tellsAll, afterwards } = scene;
  const appliance = await Appliance.make({ image, board, directory, random, tellsAll });
  afterwards(() => appliance.close());
  const found: Record<string, unknown> = {};
  for (const start of ['firstStart', 'secondStart']) {
    await appliance.start();
    await appliance.firstPage(900_000);
    await delay(settleMs);
    found[start] = memoryOf(await appliance.root(memoryCommand));
    await appliance.stop(300_000);
  }
  return found;
}
