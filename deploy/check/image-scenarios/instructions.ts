import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Appliance } from '../appliance.ts';
import type { ImageScene } from '../image-scene.ts';
import type { Findings } from '../results.ts';

const runFile = promisify(execFile);

/**
 * Counts the instructions from the power switch to the first page, to the first message that is acknowledged after an fsync, and to the page of
 * the second start: what compares from one version to the next, whatever else the machine does that emulates.
 */
export async function instructions(scene: ImageScene): Promise<Findings> {
  const { image, board, directory, random, tellsAll, afterwards } = scene;
  const appliance = await Appliance.make({ image, board, directory, random, tellsAll });
  afterwards(() => appliance.close());
  const first = await appliance.start({ counts: true });
  const pageSeconds = await appliance.firstPage(1_800_000);
  const page = await first.instructions();
  await appliance.signIn();
  const made = (await appliance.api('POST', '/api/v1/credentials', {
    device: 'kitchen',
    scopes: ['publish:sensors/#'],
  })) as { readonly name: string; readonly password: string };
  const where = ['-h', '127.0.0.1', '-p', String(first.port(1883)), '-u', made.name, '-P', made.password];
  const what = ['-q', '1', '-t', 'sensors/kitchen', '-m', '{"temperature": 21.5}'];
  await runFile('mosquitto_pub', [...where, ...what], { timeout: 120_000 });
  const acknowledged = await first.instructions();
  await appliance.stop(600_000);
  const second = await appliance.start({ counts: true });
  const secondPageSeconds = await appliance.firstPage(1_800_000);
  const secondPage = await second.instructions();
  await appliance.stop(600_000);
  return {
    firstPageGiga: giga(page),
    firstAcknowledgementGiga: giga(acknowledged),
    secondStartPageGiga: giga(secondPage),
    // Of this machine's time, while it counted.
    pageSeconds: [pageSeconds, secondPageSeconds].map(Math.round),
  };
}

/** Thousand millions, to a tenth. */
function giga(count: number): number {
  return Math.round(count / 1e8) / 10;
}
