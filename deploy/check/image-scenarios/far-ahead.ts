import { equal, ok } from 'node:assert/strict';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { Appliance } from '../appliance.ts';
import type { ImageScene } from '../image-scene.ts';
import type { Findings } from '../results.ts';
import { Site } from '../site.ts';

const dayMs = 86_400_000;
const aheadDays = 400;

/**
 * 400 days without a collector, most of them without power: what was taken in before reaches the collector then, with the times it was taken in
 * at, and the machine is as usable as on its first day.
 */
export async function farAhead(scene: ImageScene): Promise<Findings> {
  const { t, image, board, directory, random, tellsAll, afterwards } = scene;
  const site = await Site.make(t, directory);
  const appliance = await Appliance.make({ image, board, directory, random, tellsAll, gateway: site.settings });
  afterwards(() => appliance.close());
  await appliance.start();
  await appliance.firstPage();
  await site.equip(appliance);
  await site.stopCollector();
  const before = await site.takeIn(appliance, 300);
  const firstCertificate = await certificateEnd(appliance);
  await appliance.stop();

  const later = Date.now() + aheadDays * dayMs;
  await appliance.start({ clock: new Date(later).toISOString().slice(0, 19) });
  await appliance.firstPage(600_000);
  await appliance.signIn();
  const { clock, health, buffer } = await appliance.status();
  ok(buffer.oldestWaitingSeconds > (aheadDays - 1) * 86_400, `the oldest waits for ${buffer.oldestWaitingSeconds} s`);
  const after = await site.takeIn(appliance, 300);
  const lastCertificate = await certificateEnd(appliance);
  ok(lastCertificate > later, `the certificate ended on ${new Date(lastCertificate).toISOString()}`);
  await site.startCollector(new FakeClock(join(directory, 'clock'), aheadDays * dayMs));
  const ending = await site.end(appliance);
  const times = site.records().map(({ receivedAt }) => Date.parse(receivedAt));
  const early = times.filter((time) => time >= before.from - 60_000 && time <= before.to + 60_000).length;
  const late = times.filter((time) => time >= later - 60_000).length;
  equal(early + late, times.length, 'every record has the time at which it was taken in');
  ok(early > 0 && late > 0);
  return {
    clock: clock.quality,
    says: health.summary,
    takenInBefore: before.count,
    takenInAfter: after.count,
    ...ending,
    recordsOfThen: early,
    recordsOfNow: late,
    certificateUntil: [firstCertificate, lastCertificate].map((end) => new Date(end).toISOString().slice(0, 10)),
  };
}

/** Until when the certificate is good that the machine shows, in milliseconds since 1970. */
async function certificateEnd(appliance: Appliance): Promise<number> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: appliance.machine.port(443), rejectUnauthorized: false }, () => {
      resolve(Date.parse(socket.getPeerCertificate().valid_to));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}
