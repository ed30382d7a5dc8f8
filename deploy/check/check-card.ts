import { match, rejects } from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseArgs } from 'node:util';
import { randomOf } from '../../test/support/random.ts';
import { flashPerDay } from './card-scenarios/flash-per-day.ts';
import { powerCuts } from './card-scenarios/power-cuts.ts';
import { fullCard, readOnly, slowFsync } from './card-scenarios/sick-cards.ts';
import type { Scene } from './card-scene.ts';
import { type Findings, record, say } from './results.ts';

// The real gateway on a card that is cut, slow, full or worn out, without a machine around it.

const { values, positionals } = parseArgs({
  options: {
    cuts: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    minutes: { type: 'string', default: '10' },
    // Of the file system, to try them out: fast_commit
    features: { type: 'string' },
    // Has room for some hundred MiB.
    work: { type: 'string', default: '/var/tmp' },
  },
  allowPositionals: true,
});
const cuts = Number(values.cuts);
const random = randomOf(Number(values.seed));
const eatMyData = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/libeatmydata.so`;

type Scenario = (scene: Scene) => Promise<Findings>;

const scenarios: Readonly<Record<string, Scenario>> = {
  'power-cuts': (scene) => powerCuts(scene, { cuts }),
  // The same with a gateway whose fsync does nothing has to fail, or it would prove nothing.
  'power-cuts-without-fsync': async (scene) => {
    if (!existsSync(eatMyData)) throw new Error(`there is no ${eatMyData}: apt-get install libeatmydata1`);
    let found: unknown;
    await rejects(powerCuts(scene, { cuts, env: { LD_PRELOAD: eatMyData } }), (error: Error) => {
      found = error.cause instanceof Error ? error.cause.message : error.message;
      return true;
    });
    match(String(found), /\d+ lost/);
    return { found: String(found).slice(0, 300) };
  },
  'slow-fsync': slowFsync,
  'read-only': readOnly,
  'full-card': fullCard,
  'flash-per-day': (scene) => flashPerDay(scene, Number(values.minutes)),
};

const names = positionals.length === 0 ? ['power-cuts'] : positionals;
for (const name of names) {
  if (!Object.hasOwn(scenarios, name)) {
    process.stderr.write(
      `usage: deploy/check-card [${Object.keys(scenarios).join('|')}…] [--cuts N] [--minutes N] [--seed N]\n`,
    );
    process.exit(2);
  }
}
if (process.getuid?.() !== 0) {
  process.stderr.write('This needs root: it mounts file systems.\n');
  process.exit(2);
}
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '../../node_modules/.cache/compile');
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
for (const name of names) {
  await test(name, { timeout: 3_600_000 }, async (t) => {
    say(`${name}, --seed ${values.seed}`);
    mkdirSync(values.work, { recursive: true });
    const directory = mkdtempSync(join(values.work, 'headgate-card-'));
    const afterwards: (() => Promise<void>)[] = [];
    await t.test('holds', async (t) => {
      const scene: Scene = {
        t,
        directory,
        random,
        features: values.features,
        afterwards: (work) => afterwards.push(work),
      };
      record(name, await scenarios[name]!(scene));
    });
    for (const work of afterwards.reverse()) await work();
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  });
}
