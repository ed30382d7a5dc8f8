import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { eventually } from '../../../test/support/wait.ts';
import { Appliance, administrator, hostname } from '../appliance.ts';
import type { ImageScene } from '../image-scene.ts';
import { memoryCommand, memoryOf } from '../memory.ts';
import type { Findings } from '../results.ts';

const runFile = promisify(execFile);

/**
 * A card as it comes from the image, with what a person writes in its file, in a machine that is turned on for the first time:
 * to the dashboard's page, a message from outside that is acknowledged, and its record at the collector.
 */
export async function firstPage(scene: ImageScene): Promise<Findings> {
  const { image, board, directory, random, tellsAll, afterwards } = scene;
  const appliance = await Appliance.make({ image, board, directory, random, tellsAll });
  afterwards(() => appliance.close());
  const machine = await appliance.start();
  const began = machine.startedAt;
  const seconds = (at = performance.now()) => Math.round((at - began) / 100) / 10;
  const slot = machine.console.waitFor(/Headgate: slot ([AB])/, 120_000).then(([, name]) => ({ name, at: seconds() }));
  const pageSeconds = Math.round((await appliance.firstPage()) * 10) / 10;
  const { name: slotName, at: loaderSeconds } = await slot;
  const emulatedSeconds = machine.cpuSeconds;
  equal(slotName, 'A');

  await appliance.signIn();
  const device = 'kitchen';
  const made = (await appliance.api('POST', '/api/v1/credentials', { device, scopes: ['publish:sensors/#'] })) as {
    name: string;
    password: string;
  };
  const port = String(machine.port(1883));
  const publish = async (more: readonly string[]) => {
    const where = ['-h', '127.0.0.1', '-p', port, '-q', '1', '-t', 'sensors/kitchen', '-m', '{"temperature": 21.5}'];
    await runFile('mosquitto_pub', [...where, ...more], { timeout: 30_000 });
  };
  await publish([]).then(
    () => Promise.reject(new Error('somebody without a password published from elsewhere')),
    () => {},
  );
  await publish(['-u', made.name, '-P', made.password]);
  const acknowledgedSeconds = seconds();
  await eventually(
    'the record at the embedded collector',
    async () => {
      const found = await appliance.root('runuser -u headgate -- env HOME=/tmp headgate collector records --last 10');
      return found.includes('21.5');
    },
    { timeoutMs: 60_000, everyMs: 2_000 },
  );

  if (board === 'raspi3b') {
    const { ports } = (await appliance.api('GET', '/api/v1/serial')) as { ports: readonly { path: string }[] };
    ok(
      ports.some(({ path }) => path === '/dev/serial0'),
      `the port on pins 8 and 10 has its name: ${JSON.stringify(ports)}`,
    );
  }
  equal((await appliance.root('hostname')).trim(), hostname);
  match(await appliance.root('date +%Z'), /^CES?T$/m, 'the time zone is set');
  const settings = await appliance.root('cat /boot/firmware/headgate.yaml');
  ok(!settings.includes(administrator.password), 'the password has made room for its hash');
  const parts = appliance.partitions();
  deepEqual(
    parts.map((part) => part !== undefined),
    [true, true, true, true],
    'both slots and the data partition are there',
  );
  const memory = memoryOf(await appliance.root(memoryCommand));
  const failed = await appliance.failedUnits();
  equal(failed, '', 'no unit has failed');
  const times = (await appliance.root('systemd-analyze time || true')).trim().split('\n')[0];
  await appliance.stop(300_000);
  return {
    loaderSeconds,
    pageSeconds,
    acknowledgedSeconds,
    emulatedSeconds,
    systemd: times,
    dataMiB: Math.round((parts[3]!.to - parts[3]!.from) / 2 ** 20),
    ...memory,
  };
}
