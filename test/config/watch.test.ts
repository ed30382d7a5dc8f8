import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { ConfigWatch } from '../../src/config/watch.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: object;
}

/** A watch on a file with one rule, `first`, that has read it once since its start. */
async function watched(t: TestContext, file: string, onRules: (names: string[]) => void = () => {}) {
  const lines: Line[] = [];
  const level = (name: string) => (fields: object, message: string) => lines.push({ level: name, message, fields });
  const signals = new EventEmitter();
  const inForce: string[][] = [];
  let loads = 0;
  const load = () => {
    loads++;
    return loadConfig({ file });
  };
  const watch = new ConfigWatch({
    file,
    running: load(),
    load,
    onRules: (rules: Config['rules']) => {
      const names = rules.map(({ name }) => name);
      onRules(names);
      inForce.push(names);
    },
    log: { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') },
    signals,
    settleMs: 5,
  });
  const never = new AbortController().signal;
  await watch.start(never);
  t.after(() => watch.stop(never));
  await eventually('a look at the file after the start', () => loads === 2);
  return {
    signals,
    lines,
    inForce,
    watch,
    stop: () => watch.stop(never),
    rulesAre: (...names: string[]) =>
      eventually(`rules ${names}`, () => {
        assert.deepEqual(inForce.at(-1), names);
      }),
    says: (message: RegExp) => eventually(`a line ${message}`, () => lines.some((line) => message.test(line.message))),
  };
}

const rule = (name: string) => `rules: [{ name: ${name} }]\n`;

function configFile(t: TestContext): string {
  const file = join(tempDir(t), 'gateway.yaml');
  writeFileSync(file, rule('first'));
  return file;
}

test('rules hold as soon as their file has changed, however it was replaced', async (t) => {
  const file = configFile(t);
  const { inForce, lines, rulesAre } = await watched(t, file);
  assert.deepEqual([inForce, lines], [[], []], 'a look that finds nothing new says nothing');

  writeFileSync(file, rule('written'));
  await rulesAre('written');

  writeFileSync(`${file}~`, rule('renamed'));
  renameSync(`${file}~`, file);
  await rulesAre('renamed');

  renameSync(file, `${file}.bak`);
  writeFileSync(file, rule('moved'));
  await rulesAre('moved');
  assert.ok(lines.every(({ level }) => level === 'info'));
});

test('a file that is a link to what gets replaced is followed', async (t) => {
  const folder = tempDir(t);
  for (const name of ['v1', 'v2']) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'gateway.yaml'), rule(name));
  }
  symlinkSync('v1', join(folder, 'data'));
  symlinkSync(join('data', 'gateway.yaml'), join(folder, 'gateway.yaml'));
  const { rulesAre } = await watched(t, join(folder, 'gateway.yaml'));
  symlinkSync('v2', join(folder, 'data.new'));
  renameSync(join(folder, 'data.new'), join(folder, 'data'));
  await rulesAre('v2');
});

test('a configuration that is not right changes nothing and is told; the next right one holds', async (t) => {
  const file = configFile(t);
  const { inForce, lines, rulesAre, says } = await watched(t, file);
  writeFileSync(file, 'rules:\n  - { name: a, ttl: 0 }\n  - { name: a }\n');
  await says(/is not used/);
  const { level, fields, message } = lines.at(-1)!;
  assert.equal(level, 'error');
  assert.match(
    message,
    /^The changed configuration is not used, the rules stay as they are: .*gateway\.yaml:2:21: `rules\[0\]\.ttl` is 0/,
  );
  const { code, problems } = fields as { code: string; problems: string[] };
  assert.deepEqual([code, problems.length], ['config.invalid', 2]);
  assert.deepEqual(inForce, []);
  writeFileSync(file, rule('right'));
  await rulesAre('right');
});

test('a file that goes is told, and comes into force again when it is back', async (t) => {
  const file = configFile(t);
  const { inForce, rulesAre, says } = await watched(t, file);
  unlinkSync(file);
  await says(/is gone/);
  assert.deepEqual(inForce, []);
  writeFileSync(file, rule('back'));
  await rulesAre('back');
  rmSync(file);
  mkdirSync(file);
  await says(/it is a directory/);
  assert.deepEqual(inForce, [['back']]);
});

test('keys that need a restart are named, without their values', async (t) => {
  const file = configFile(t);
  const { inForce, lines, says } = await watched(t, file);
  writeFileSync(file, `${rule('first')}mqtt: { port: 1884 }\ndecode: { deviceTopics: [a] }\n`);
  await says(/after a restart/);
  assert.deepEqual(lines, [
    {
      level: 'warn',
      fields: { keys: ['mqtt.port', 'decode.deviceTopics'] },
      message: 'Changes to these keys hold after a restart.',
    },
  ]);
  assert.deepEqual(inForce, []);
});

test('SIGHUP reads the configuration at once, also without a file', async (t) => {
  const file = configFile(t);
  const { signals, inForce, lines, stop } = await watched(t, file);
  writeFileSync(file, rule('asked'));
  signals.emit('SIGHUP');
  assert.deepEqual(inForce, [['asked']], 'without waiting for the file to rest');
  signals.emit('SIGHUP');
  assert.equal(lines.at(-1)?.message, 'The configuration says what it said before.');
  assert.equal(inForce.length, 1);
  await stop();
  assert.equal(signals.listenerCount('SIGHUP'), 0);

  const told: string[] = [];
  const log = { debug() {}, info: (_: object, text: string) => void told.push(text), warn() {}, error() {} };
  const running = loadConfig({});
  const alone = new ConfigWatch({ file: undefined, running, load: () => running, onRules() {}, log, signals });
  const never = new AbortController().signal;
  await alone.start(never);
  signals.emit('SIGHUP');
  assert.equal(told.at(-1), 'The configuration says what it said before.');
  await alone.stop(never);
});

test('rules that could not be put in force are tried again the next time', async (t) => {
  const file = configFile(t);
  let isRefusing = true;
  const { signals, inForce, says } = await watched(t, file, () => {
    if (isRefusing) throw new Error('not now');
  });
  writeFileSync(file, rule('second'));
  await says(/stay as they are: not now/);
  isRefusing = false;
  signals.emit('SIGHUP');
  assert.deepEqual(inForce, [['second']]);
});

test('a directory that can not be watched is told, and SIGHUP still works', async (t) => {
  const file = join(tempDir(t), 'none', 'gateway.yaml');
  const signals = new EventEmitter();
  const told: string[] = [];
  const log = { debug() {}, info() {}, warn: (_: object, text: string) => void told.push(text), error() {} };
  const running = loadConfig({});
  const names: string[][] = [];
  const watch = new ConfigWatch({
    file,
    running,
    load: () => loadConfig({ settings: [`rules=[{ name: late }]`] }),
    onRules: (rules) => names.push(rules.map(({ name }) => name)),
    log,
    signals,
    settleMs: 5,
  });
  const never = new AbortController().signal;
  await watch.start(never);
  t.after(() => watch.stop(never));
  assert.match(told[0] ?? '', /can not be watched; send SIGHUP/);
  signals.emit('SIGHUP');
  assert.deepEqual(names, [['late']]);
});

test('what else a part follows is put in force, and is not said to need a restart', async (t) => {
  const file = configFile(t);
  const told: [string, object][] = [];
  const tell = (fields: object, text: string) => void told.push([text, fields]);
  const speeds: (number | undefined)[] = [];
  const watch = new ConfigWatch({
    file,
    running: loadConfig({ file }),
    load: () => loadConfig({ file }),
    onRules() {},
    follow: ({ serial }) => {
      speeds.push(serial.ports[0]?.baud);
      return serial.ports.length === 1 ? ['serial.ports'] : [];
    },
    log: { debug() {}, info: tell, warn: tell, error: tell },
    signals: new EventEmitter(),
  });
  const ports = (text: string) => writeFileSync(file, `${rule('first')}serial: { ports: [${text}] }\n`);
  const port = (baud: number) => `{ name: a, path: /dev/a, profile: nova/sds011, baud: ${baud} }`;
  ports(port(9600));
  assert.equal(watch.reload(), true);
  assert.deepEqual(told.at(-1), ['Changes to these keys hold from now on.', { keys: ['serial.ports'] }]);
  assert.equal(watch.reload(), false);
  ports(`${port(4800)}, { name: b, path: /dev/b, profile: nova/sds011 }`);
  watch.reload();
  assert.deepEqual(told.at(-1), ['Changes to these keys hold after a restart.', { keys: ['serial.ports'] }]);
  assert.deepEqual(speeds, [9600, 9600, 4800]);
});
