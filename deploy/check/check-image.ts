import { randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseArgs } from 'node:util';
import { randomOf } from '../../test/support/random.ts';
import { farAhead } from './image-scenarios/far-ahead.ts';
import { firstPage } from './image-scenarios/first-page.ts';
import { idle } from './image-scenarios/idle.ts';
import { instructions } from './image-scenarios/instructions.ts';
import { powerCuts } from './image-scenarios/power-cuts.ts';
import { recovery } from './image-scenarios/recovery.ts';
import { restore } from './image-scenarios/restore.ts';
import { fullData, readOnly, slowFsync } from './image-scenarios/sick-card.ts';
import { updateCycles } from './image-scenarios/update-cycles.ts';
import type { ImageScene } from './image-scene.ts';
import type { Board } from './machine.ts';
import { type Findings, record, say } from './results.ts';

// The image in an emulated machine, from the power switch on.

const { values, positionals } = parseArgs({
  options: {
    image: { type: 'string' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    times: { type: 'string' },
    // Has room for some GiB.
    work: { type: 'string', default: '/var/tmp' },
    // Leaves card and logs where they are.
    keep: { type: 'boolean', default: false },
    // The journal goes to serial.log there.
    journal: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

const boards: Readonly<Record<string, Board>> = { amd64: 'amd64', arm64: 'arm64', raspi3b: 'raspi3b' };
const scenarios: Readonly<Record<string, (scene: ImageScene) => Promise<Findings>>> = {
  'first-page': firstPage,
  idle,
  instructions,
  'power-cuts': powerCuts,
  'update-cycles': updateCycles,
  'full-data': fullData,
  'read-only': readOnly,
  'slow-fsync': slowFsync,
  'far-ahead': farAhead,
  recovery,
  restore,
};

const [architecture = '', ...asked] = positionals;
const names = asked.length === 0 ? ['first-page'] : asked;
if (!Object.hasOwn(boards, architecture) || names.some((name) => !Object.hasOwn(scenarios, name))) {
  process.stderr.write(
    `usage: deploy/check-image amd64|arm64|raspi3b [${Object.keys(scenarios).join('|')}…] [--image FILE] [--times N] [--seed N] [--keep] [--journal]\n`,
  );
  process.exit(2);
}
const image = values.image ?? newestImage();

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
for (const name of names) {
  await test(`${architecture} ${name}`, { timeout: 6 * 3_600_000 }, async (t) => {
    say(`${architecture} ${name}, --seed ${values.seed}`);
    mkdirSync(values.work, { recursive: true });
    const directory = mkdtempSync(join(values.work, 'headgate-image-'));
    const afterwards: (() => Promise<void>)[] = [];
    await t.test('holds', async (t) => {
      const scene: ImageScene = {
        t,
        image,
        board: boards[architecture]!,
        directory,
        random: randomOf(Number(values.seed)),
        tellsAll: values.journal,
        times: values.times === undefined ? undefined : Number(values.times),
        afterwards: (work) => afterwards.push(work),
      };
      record(`${architecture} ${name}`, await scenarios[name]!(scene));
    });
    for (const work of afterwards.reverse()) await work();
    if (values.keep) say(`  card and logs are in ${directory}`);
    else rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  });
}

function newestImage(): string {
  const directory = join(import.meta.dirname, '../../dist/image');
  const kind = architecture === 'raspi3b' ? 'arm64' : architecture;
  const found = readdirSync(directory)
    .filter((name) => new RegExp(`^headgate-.*-${kind}\\.img(\\.xz|\\.zst)?$`).test(name))
    .map((name) => join(directory, name))
    .sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs)[0];
  if (found === undefined) {
    process.stderr.write(`There is no image in ${directory}: deploy/build ${kind} makes it.\n`);
    process.exit(2);
  }
  return found;
}
