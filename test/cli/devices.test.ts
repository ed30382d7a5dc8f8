import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { HttpApi } from '../../src/api/http-api.ts';
import { main } from '../../src/cli/main.ts';
import { dependencies } from '../api/fixtures.ts';
import { Site } from '../registry/site.ts';

/** A gateway's API before a real registry, and the command line. */
async function gateway(t: TestContext) {
  const site = await Site.start(t);
  const api = new HttpApi(dependencies({}, { devices: site.registry }));
  await api.start();
  t.after(() => api.stop());
  const headgate = async (...args: string[]) => {
    const out: string[] = [];
    const err: string[] = [];
    const terminal = { out: (text: string) => out.push(text), err: (text: string) => err.push(text), environment: {} };
    const code = await main(['devices', ...args, '--url', `http://${api.address}`], terminal);
    return { code, out: out.join('\n'), err: err.join('\n') };
  };
  return { site, headgate };
}

test('a table of devices, and one with all that is known of it', async (t) => {
  const { site, headgate } = await gateway(t);
  assert.equal((await headgate()).out, 'No device.');
  site.says('tasmota:plug', {
    topic: 'tele/plug/SENSOR',
    fields: [
      { name: 'ENERGY.Power', value: 12.5, unit: 'W' },
      { name: 'big', value: 2n ** 60n },
    ],
    profile: { name: 'tasmota/plug', version: 3 },
    sightings: [{ deviceId: 'tasmota:plug', name: 'Boiler', attributes: [['firmware', '14.1'] as const] }],
  });
  site.sighted({ deviceId: 'z', presence: 'offline', via: 'bridge' });
  site.wait(5_000);
  assert.deepEqual((await headgate()).out.split('\n'), [
    'DEVICE        PRESENCE  LAST SEEN  PROFILE       MESSAGES  NAME',
    'tasmota:plug  online    5 s ago    tasmota/plug  1         Boiler',
    'z             offline   never      -             1',
  ]);
  assert.equal((await headgate('--presence', 'offline')).out.split('\n').length, 2);
  assert.deepEqual((await headgate('tasmota:plug')).out.split('\n'), [
    'Device      tasmota:plug',
    'Name        Boiler (told)',
    'Profile     tasmota/plug, version 3',
    'Presence    online since 2026-06-01T00:00:00.000Z',
    'Silence     stale after 3 h, offline after 1 d 1 h',
    'First seen  2026-06-01T00:00:00.000Z',
    'Last seen   5 s ago',
    'Heard       1 message, 1 measurement',
    'Source      mqtt',
    'Topics      tele/plug/SENSOR',
    'firmware    14.1',
    '',
    'FIELD         VALUE                UNIT  AT',
    'ENERGY.Power  12.5                 W     2026-06-01T00:00:00.000Z',
    'big           1152921504606846976        2026-06-01T00:00:00.000Z',
  ]);
  const { out } = await headgate('tasmota:plug', '--json');
  assert.match(out, /"value": 1152921504606846976,/, 'digit by digit');
  assert.equal(JSON.parse((await headgate('--json')).out).devices.length, 2);
});

test('more devices than a page has are all there', async (t) => {
  const { site, headgate } = await gateway(t);
  for (let i = 0; i < 2_500; i++) site.says(`d${i}`);
  const { devices } = JSON.parse((await headgate('--json')).out);
  assert.equal(new Set(devices.map(({ id }: { id: string }) => id)).size, 2_500);
});

test('what comes from devices moves no cursor', async (t) => {
  const { site, headgate } = await gateway(t);
  const evil = 'a\u001b[2J\u202e\r\nb';
  site.says(evil, {
    fields: { [evil]: evil },
    sightings: [{ deviceId: evil, name: evil, attributes: [[evil, evil]] }],
  });
  for (const { out } of [await headgate(), await headgate(evil)]) {
    assert.ok(out.includes('a\ufffd[2J\ufffd\ufffd\ufffdb'), out);
    assert.ok(['\u001b', '\r', '\u202e'].every((one) => !out.includes(one)));
  }
});

test('a device is named, ignored and forgotten', async (t) => {
  const { site, headgate } = await gateway(t);
  site.says('a/b c');
  assert.match((await headgate('a/b c', '--name', 'Kitchen')).out, /^Name +Kitchen$/m);
  assert.match((await headgate('a/b c', '--ignore')).out, /It is ignored/);
  assert.equal((await headgate()).out, 'No device.');
  assert.match((await headgate('--ignored')).out, /Kitchen/);
  assert.doesNotMatch((await headgate('a/b c', '--heed', '--name', '')).out, /ignored|Kitchen/);
  assert.deepEqual(await headgate('a/b c', '--forget'), { code: 0, out: 'a/b c is forgotten.', err: '' });
  const gone = await headgate('a/b c');
  assert.equal(gone.code, 1);
  assert.match(gone.err, /There is no device `a\/b c`/);
});

test('what makes no sense is told before anybody is asked', async (t) => {
  const { headgate } = await gateway(t);
  const rows: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [['--name', 'x'], /Name the device/],
    [['--forget'], /Name the device/],
    [['a', 'b'], /Name one device/],
    [['a', '--presence', 'online'], /--presence goes without a device/],
    [['a', '--ignored'], /--ignored goes without a device/],
    [['a', '--ignore', '--heed'], /not both/],
    [['a', '--forget', '--name', 'x'], /--forget goes alone/],
    [['--precense', 'x'], /did you mean --presence/],
  ];
  for (const [args, message] of rows) {
    const { code, err } = await headgate(...args);
    assert.equal(code, 2, args.join(' '));
    assert.match(err, message);
  }
  const wrong = await headgate('--presence', 'gone');
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /`presence` must be of online, stale, offline, unknown/);
});
