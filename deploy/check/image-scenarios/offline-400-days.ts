import { equal, ok } from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { GatewayStatus } from '../../../test/support/gateway.ts';
import { eventually } from '../../../test/support/wait.ts';
import { Appliance } from '../appliance.ts';
import type { ImageScene } from '../image-scene.ts';
import type { Findings } from '../results.ts';
import { Site } from '../site.ts';

const days = 400;
/** So long may records wait: less than the machine's clock says that they did. */
const ttl = '30d';

/**
 * A machine without its uplink for 400 days, by its clock: it takes records in, is off, is on again 400 days later with the uplink
 * there. Nothing has expired, as only operating time counts; what comes in then bears the right time; and the certificate that the
 * gateway made in between is one that it still shows.
 */
export async function offline(scene: ImageScene): Promise<Findings> {
  const { t, image, board, directory, random, tellsAll, afterwards } = scene;
  const site = await Site.make(t, directory);
  const rules = `  rules:\n    - { name: all, match: { topic: "site/#" }, ttl: ${ttl} }`;
  const gateway = `${site.settings}\n${rules}`;
  const appliance = await Appliance.make({ image, board, directory, random, tellsAll, gateway });
  afterwards(() => appliance.close());
  const longAgo = new Date(Date.now() - days * 86_400_000);

  await site.setReachable(false);
  await appliance.start({ clock: longAgo.toISOString().slice(0, 19) });
  await appliance.firstPage(600_000);
  await site.equip(appliance);
  const load = site.load(appliance);
  await delay(10_000);
  site.stop();
  await load;
  const then = (await appliance.api('GET', '/api/v1/status')) as GatewayStatus;
  const apart = Math.abs(Date.parse(then.clock.now) - longAgo.getTime());
  ok(apart < 3_600_000, `the machine's clock shows ${then.clock.now}`);
  ok(then.buffer.waitingRecords > 100, 'there is a backlog');
  await appliance.stop();

  await site.setReachable(true);
  await appliance.start();
  await appliance.firstPage(600_000);
  await appliance.signIn();
  await site.finish(appliance);
  const verdict = await site.settled();
  const now = await eventually(
    'the right time',
    async () => {
      const status = (await appliance.api('GET', '/api/v1/status')) as GatewayStatus;
      return Math.abs(Date.parse(status.clock.now) - Date.now()) < 5_000 && status;
    },
    { timeoutMs: 60_000, everyMs: 2_000 },
  );
  equal(now.buffer.ledger.dropped.expired ?? 0, 0, 'nothing has expired');
  const ages = site.records().map(({ time }) => (Date.now() - Date.parse(time)) / 86_400_000);
  const old = ages.filter((age) => age > days - 1).length;
  const fresh = ages.filter((age) => age < 1).length;
  equal(old + fresh, ages.length, 'each record bears the time that it was taken in at');
  ok(old > 100 && fresh > 0);
  await appliance.stop();
  return {
    days,
    ttl,
    acknowledged: verdict.acknowledged,
    lost: verdict.lost.length,
    old,
    fresh,
    clock: now.clock.quality,
  };
}
