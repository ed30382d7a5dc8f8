import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConfigKeeper } from '../../src/config/keeper.ts';
import { loadAgain } from '../../src/config/remote.ts';
import { LocalSettings, settingsPath } from '../../src/config/settings.ts';
import { beginTrial, failTrial, noteTrial, readTrial } from '../../src/config/settings-trial.ts';
import { confirmMs, TrialWatch } from '../../src/config/trial-watch.ts';
import { HeadgateError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/lib/log.ts';
import { tempDir } from '../support/temp-dir.ts';

const bridge = (name: string, url: string, password?: string) => ({
  ...{ name, url, prefix: name, topics: [{ filter: 'a/#' }] },
  ...(password !== undefined && { username: 'u', password }),
});

function site(t: TestContext, text: string, isSafe = false) {
  const dataDir = tempDir(t);
  const file = join(dataDir, 'headgate.yaml');
  writeFileSync(file, text);
  const sources = { file, settings: [`dataDir=${dataDir}`], environment: {} };
  const { desk } = new ConfigKeeper({
    ...{ sources: isSafe ? undefined : sources, running: loadAgain(sources), log: silentLog },
    ...{ isOnTrial: () => false, onRules: () => {} },
    restart: { isPossible: false, reason: 'It is a test.', ask: () => {} },
  });
  return { dataDir, file, desk, settings: () => readFileSync(settingsPath(dataDir), 'utf8') };
}

const faultsOf = (change: () => void): readonly (readonly [key: string, message: string])[] => {
  try {
    change();
  } catch (error) {
    if (error instanceof HeadgateError) return (error.faults ?? []).map(({ key, message }) => [key, message]);
    throw error;
  }
  return assert.fail('It was taken.');
};

test('a hidden secret stays that of the item of its name, and goes to no other', (t) => {
  const file = `bridges: ${JSON.stringify([bridge('one', 'mqtt://a', 'first'), bridge('two', 'mqtt://b', 'second')])}\n`;
  const { desk, settings } = site(t, file);
  desk.change({ bridges: [bridge('two', 'mqtt://c', '***'), bridge('new', 'mqtt://d', 'third')] });
  assert.match(settings(), /name: two[\s\S]*password: second[\s\S]*name: new[\s\S]*password: third/);
  assert.doesNotMatch(settings(), /first|\*\*\*/);
  assert.doesNotMatch(JSON.stringify(desk.view()), /first|second|third/);
  const [fault] = faultsOf(() => desk.change({ bridges: [bridge('other', 'mqtt://e', '***')] }));
  assert.equal(fault?.[0], 'bridges[0].password');
  assert.match(fault?.[1] ?? '', /given anew/);
});

test('what fits the file only together with what is set is checked together', (t) => {
  const path = '/dev/serial/by-id/a';
  const { desk, dataDir } = site(t, `serial: { ports: [{ name: dust, path: ${path}, profile: plantower/pms5003 }] }\n`);
  const buses = [{ name: 'meters', path, units: [{ unit: 1, profile: 'eastron/sdm630' }] }];
  const [fault] = faultsOf(() => desk.change({ modbus: { buses } }));
  assert.equal(fault?.[0], 'modbus.buses[0].path');
  assert.match(fault?.[1] ?? '', /under `serial\.ports` too/);
  assert.equal(existsSync(settingsPath(dataDir)), false);
});

test('in safe mode nothing can be set, and each key says so', (t) => {
  const { desk } = site(t, '', true);
  const { keys, problem } = desk.view();
  assert.match(problem ?? '', /safe mode/);
  assert.ok(Object.values(keys).every(({ locked }) => locked !== null));
  assert.throws(() => desk.change({ mqtt: { maxSessions: 5 } }), { code: 'request.conflict' });
});

test('a form finds titles, choices and sections in the schema', (t) => {
  const { properties } = site(t, '').desk.schema as {
    properties: Record<string, { properties: Record<string, object> }>;
  };
  const { title, group, minimum } = properties.http!.properties.maxLiveConnections as Record<string, unknown>;
  assert.deepEqual([title, group, minimum], ['Max live connections', 'http', 1]);
  const { enum: choices } = properties.log!.properties.level as Record<string, unknown>;
  assert.deepEqual(choices, ['trace', 'debug', 'info', 'warn', 'error', 'silent']);
});

test('what nobody confirms in time is taken back, and the gateway restarted where it can be', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const rows = [
    { isConfirmed: false, keys: ['http.port'], left: 'before', restarts: 1 },
    { isConfirmed: true, keys: ['http.port'], left: 'after', restarts: 0 },
    // Nobody is shut out by these.
    { isConfirmed: false, keys: ['mqtt.port'], left: 'after', restarts: 0 },
  ];
  for (const { isConfirmed, keys, left, restarts } of rows) {
    const dataDir = tempDir(t);
    writeFileSync(settingsPath(dataDir), 'after');
    noteTrial(dataDir, { state: 'waiting', before: 'before', keys, reason: '' });
    assert.equal(beginTrial(dataDir), undefined);
    let asked = 0;
    const watch = new TrialWatch({ dataDir, log: silentLog, restart: () => void asked++ });
    await watch.start();
    t.mock.timers.tick(confirmMs - 1);
    assert.equal(readFileSync(settingsPath(dataDir), 'utf8'), 'after');
    if (isConfirmed) watch.confirm();
    t.mock.timers.tick(1);
    assert.deepEqual([readFileSync(settingsPath(dataDir), 'utf8'), asked], [left, restarts]);
    assert.equal(readTrial(dataDir)?.state, left === 'before' ? 'taken-back' : undefined);
  }
});

const rule = { name: 'r', match: { topic: 'a' }, priority: 'bulk' };

test('what is set is on trial before it is there, and not there when it can’t be', (t) => {
  const rows = [
    // Only what can't be noted, or can't be written, stays as it was.
    { blocked: 'settings-trial.json', left: undefined },
    { blocked: 'settings.yaml', left: { state: 'taken-back', before: '', keys: ['mqtt.port'], reason: 'x' } },
  ] as const;
  for (const { blocked, left } of rows) {
    const { desk, dataDir } = site(t, '');
    if (left !== undefined) noteTrial(dataDir, left);
    mkdirSync(join(dataDir, `.${blocked}.${process.pid}.new`, 'in the way'), { recursive: true });
    assert.throws(() => desk.change({ http: { port: 1234 }, rules: [rule] }), { code: 'data.unwritable' });
    assert.deepEqual([desk.view().overlay, desk.view().pending], ['', []]);
    assert.equal(existsSync(settingsPath(dataDir)), false);
    assert.deepEqual(readTrial(dataDir), left);
  }
  const { desk, dataDir } = site(t, 'http: { port: 1000 }');
  const write = LocalSettings.prototype.write;
  let noted: unknown;
  t.mock.method(LocalSettings.prototype, 'write', function (this: LocalSettings, text: string) {
    noted = readTrial(dataDir);
    write.call(this, text);
  });
  desk.change({ http: { port: 1234 }, mqtt: { port: null } });
  assert.deepEqual(noted, { state: 'waiting', before: '', keys: ['http.port', 'mqtt.port'], reason: '' });
  desk.change({ mqtt: { port: 1235 } });
  assert.deepEqual(noted, { state: 'waiting', before: '', keys: ['http.port', 'mqtt.port'], reason: '' });
  desk.reset();
  assert.equal(readTrial(dataDir), undefined);
});

test('a start that fails takes back only what was on trial', (t) => {
  const dataDir = tempDir(t);
  assert.deepEqual(failTrial(dataDir, 'x'), []);
  writeFileSync(settingsPath(dataDir), 'after');
  noteTrial(dataDir, { state: 'waiting', before: '', keys: ['mqtt.port'], reason: '' });
  assert.deepEqual(failTrial(dataDir, 'x'), []);
  beginTrial(dataDir);
  assert.deepEqual(failTrial(dataDir, 'the port is taken.'), ['mqtt.port']);
  assert.equal(existsSync(settingsPath(dataDir)), false);
  // A note that says nothing is none.
  writeFileSync(join(dataDir, 'settings-trial.json'), '{');
  assert.equal(readTrial(dataDir), undefined);
});

test('files that the disk gives back no more keep no gateway from running, and are told', async (t) => {
  const { desk, dataDir } = site(t, 'mqtt: { port: 1000 }');
  // No user is refused a directory, and nobody can read one as a file.
  for (const name of ['settings.yaml', 'settings-trial.json']) mkdirSync(join(dataDir, name));
  assert.match(beginTrial(dataDir) ?? '', /EISDIR/);
  const watch = new TrialWatch({ dataDir, log: silentLog, restart: undefined });
  await watch.start();
  const { problem, keys } = desk.view();
  assert.match(problem ?? '', /EISDIR/);
  assert.equal(keys['mqtt.port']?.value, 1000);
  assert.throws(() => desk.change({ mqtt: { port: 5 } }), { code: 'data.unwritable', message: /settings\.yaml/ });
  desk.changeRules('');
});

test('what is told of the keys is worked out once, and again when a file says something else', (t) => {
  const { desk, file, dataDir } = site(t, 'mqtt: { port: 1000 }');
  const first = desk.view();
  assert.equal(desk.view().keys, first.keys);
  for (const text of ['mqtt: { port: 1001 }', 'mqtt: { port: oops }', 'mqtt: { port: 1000 }']) {
    writeFileSync(file, text);
    const { keys, problem } = desk.view();
    assert.notEqual(keys, first.keys);
    assert.equal(problem !== null, text.includes('oops'));
    assert.deepEqual(desk.view(), desk.view());
  }
  writeFileSync(settingsPath(dataDir), 'mqtt: { port: 2000 }');
  assert.equal(desk.view().keys['mqtt.port']?.source, 'here');
});

test('settings that are wrong keep nobody from setting something, and are there to be looked into', (t) => {
  for (const wrong of ['mqtt:\n  maxConn', 'http: { nope: 1, maxLiveConnections: 5 }\n', '\u0001']) {
    const { desk, dataDir, settings } = site(t, '');
    writeFileSync(settingsPath(dataDir), wrong);
    desk.change({ mqtt: { maxSessions: 5 } });
    assert.match(settings(), /maxSessions: 5/);
    assert.doesNotMatch(settings(), /nope|maxLive/);
    assert.equal(readFileSync(`${settingsPath(dataDir)}.wrong`, 'utf8'), wrong);
    assert.equal(desk.view().problem, null);
    desk.change({ mqtt: { maxSessions: 6 } });
    assert.equal(readFileSync(`${settingsPath(dataDir)}.wrong`, 'utf8'), wrong);
  }
});
