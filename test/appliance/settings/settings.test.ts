import assert from 'node:assert/strict';
import { readlinkSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { wifiText } from '../../../src/appliance/settings/networks.ts';
import { wrongSettings } from '../../../src/appliance/settings/wrong-settings.ts';
import { passwordHashOf } from '../../../src/auth/password-text.ts';
import { Passwords } from '../../../src/auth/passwords.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { key, machineSite } from './site.ts';

const all = `# mine
machine:
  hostname: greenhouse
  timezone: Europe/Berlin
  network: { interface: eth0, address: 192.168.1.10/24, gateway: 192.168.1.1, dns: 192.168.1.1 }
  ntp: [ntp.example.org, 10.0.0.1]
  wifi: { country: de, ssid: "Wörk", password: 'corr"ect # horse' }
  ssh: { authorizedKeys: ${key} }
credentials: { enrol-token: abc }
gateway:
  uplink: { url: "https://collector.example.org:50052" }
`;

test('everything that is set becomes so', async (t) => {
  const site = machineSite(t);
  site.put('headgate.yaml', all);
  const { problems, notes } = await site.setUp();
  assert.deepEqual([problems, notes], [[], []]);
  assert.equal(site.file('/etc/hostname'), 'greenhouse\n');
  assert.match(site.file('/etc/hosts') ?? '', /^127\.0\.1\.1 greenhouse$/m);
  assert.equal(readlinkSync(site.path('/etc/localtime')), '/usr/share/zoneinfo/Europe/Berlin');
  assert.match(
    site.file('/etc/systemd/network/10-settings-0.network') ?? '',
    /Name=eth0\n\n\[Network\]\nDHCP=no\nLinkLocalAddressing=yes\nAddress=192\.168\.1\.10\/24\nGateway=192\.168\.1\.1\nDNS=192\.168\.1\.1/,
  );
  assert.equal(site.file('/etc/systemd/timesyncd.conf.d/settings.conf'), '[Time]\nNTP=ntp.example.org 10.0.0.1\n');
  const wifi = site.file('/etc/wpa_supplicant/wpa_supplicant-wlan0.conf') ?? '';
  assert.match(
    wifi,
    /^country=DE\nnetwork=\{\n {2}ssid=57c3b6726b\n {2}psk=[0-9a-f]{64}\n {2}sae_password=636f727222656374202320686f727365\n {2}key_mgmt=WPA-PSK WPA-PSK-SHA256 SAE\n/m,
  );
  assert.equal(site.file('/etc/ssh/authorized_keys/admin'), `${key}\n`);
  assert.equal(site.file('/run/headgate-machine/ssh'), '');
  assert.equal(site.file('/etc/headgate/credentials/enrol-token'), 'abc');
  for (const secret of [
    'credentials/enrol-token',
    '../wpa_supplicant/wpa_supplicant-wlan0.conf',
    '../ssh/ssh_host_ed25519_key',
  ])
    assert.equal(statSync(site.path(`/etc/headgate/${secret}`)).mode & 0o777, 0o600, secret);
  assert.equal(statSync(site.path('/etc/headgate/headgate.yaml')).mode & 0o777, 0o640);
  const config = loadConfig({ file: site.path('/etc/headgate/headgate.yaml') });
  assert.deepEqual(config.uplink.url, ['https://collector.example.org:50052']);
  assert.deepEqual([config.http.host, config.http.tls.redirectPort, config.dataDir], ['::', 8081, '/var/lib/headgate']);
  assert.match(site.ran.join('\n'), /^hostname greenhouse$/m);
  assert.match(site.ran.join('\n'), /systemd-sysusers - u admin 1000/);
  assert.equal(site.onBoot('headgate-problems.txt'), undefined);
});

test('the key of a Wi-Fi network is made as the standard has it', () => {
  // IEEE 802.11-2020, J.4.2: the test vectors.
  const rows = [
    ['IEEE', 'password', 'f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e'],
    ['ThisIsASSID', 'ThisIsAPassword', '0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af'],
  ] as const;
  for (const [ssid, password, key] of rows)
    assert.match(wifiText(undefined, [{ ssid, password }]), new RegExp(`^ {2}psk=${key}$`, 'm'));
});

test('a machine that nobody has set anything for has a name, no SSH and a gateway', async (t) => {
  const site = machineSite(t);
  site.put('headgate.yaml', '# machine:\n');
  assert.deepEqual((await site.setUp()).problems, []);
  assert.equal(site.file('/etc/hostname'), 'headgate\n');
  assert.deepEqual(
    [site.file('/run/headgate-machine/ssh'), site.file('/etc/ssh/ssh_host_ed25519_key')],
    [undefined, undefined],
  );
  assert.equal(site.file('/etc/wpa_supplicant/wpa_supplicant-wlan0.conf'), undefined);
  assert.doesNotMatch(site.ran.join(), /sysusers|ssh-keygen/);
  assert.equal(loadConfig({ file: site.path('/etc/headgate/headgate.yaml') }).mqtt.host, '::');
});

test('what is no longer set is gone, at once or with the next start; the host key stays', async (t) => {
  const site = machineSite(t);
  site.put('headgate.yaml', all);
  await site.setUp();
  site.put('headgate.yaml', `machine: { ssh: { authorizedKeys: ${key} } }\n`);
  await site.setUp();
  assert.equal(site.file('/etc/headgate/credentials/enrol-token'), undefined);
  assert.equal(site.file('/etc/systemd/network/10-settings-0.network'), undefined);
  site.restart();
  await site.setUp();
  assert.doesNotMatch(site.ran.join(), /ssh-keygen/);
  assert.equal(site.file('/etc/ssh/ssh_host_ed25519_key'), 'private');
});

test('a typo is told on the card, takes nothing else with it, and the word of it goes when it is mended', async (t) => {
  const site = machineSite(t);
  site.put('headgate.yaml', all.replace('hostname:', 'hostnam:').replace('10.0.0.1', '10.0.0.'));
  const { problems } = await site.setUp();
  assert.equal(problems.length, 1, problems.join('\n'));
  assert.equal(site.file('/etc/hostname'), 'headgate\n');
  assert.equal(site.file('/run/headgate-machine/ssh'), '');
  const told = site.onBoot('headgate-problems.txt') ?? '';
  assert.match(told, /headgate\.yaml:3:3: There is no key `machine\.hostnam`; did you mean `machine\.hostname`\?\r\n/);
  assert.deepEqual(JSON.parse(site.file('/run/headgate-machine/problems.json') ?? ''), { problems, notes: [] });
  assert.equal(site.file('/run/headgate-machine/problems'), `${problems[0]}\n`);
  assert.deepEqual(wrongSettings(site.path('/run/headgate-machine')), problems);
  assert.equal(wrongSettings(site.path('/run')), undefined);
  site.put('headgate.yaml', all);
  await site.setUp();
  assert.equal(site.onBoot('headgate-problems.txt'), undefined);
});

test('a file that is no YAML, a lost file and a lost partition leave the machine as it was', async (t) => {
  const site = machineSite(t);
  site.put('headgate.yaml', all);
  await site.setUp();
  const rows: [what: string, put: Record<string, string>, take: string[], told: RegExp][] = [
    ['no YAML', { 'headgate.yaml': `${all}\n"` }, [], /What it said before holds/],
    ['gone', { 'config.txt': '' }, ['headgate.yaml'], /headgate\.yaml: It is gone/],
    ['the partition', {}, ['config.txt', 'headgate-problems.txt'], /The boot partition is not there: what was set/],
  ];
  for (const [what, put, take, told] of rows) {
    site.restart();
    for (const [name, text] of Object.entries(put)) site.put(name, text);
    for (const name of take) site.take(name);
    const { problems } = await site.setUp();
    assert.match(problems.join('\n'), told, what);
    assert.equal(site.file('/etc/hostname'), 'greenhouse\n', what);
    assert.equal(site.file('/etc/ssh/authorized_keys/admin'), `${key}\n`, what);
  }
  // What was wrong in part is not what is kept.
  site.restart();
  site.put('headgate.yaml', 'machine: { hostname: other, wrong: true }\n');
  await site.setUp();
  assert.equal(site.file('/etc/hostname'), 'other\n');
  for (const name of ['headgate.yaml', 'headgate-problems.txt']) site.take(name);
  site.restart();
  await site.setUp();
  assert.equal(site.file('/etc/hostname'), 'greenhouse\n');
  site.restart();
  site.put('headgate.yaml', '');
  assert.deepEqual((await site.setUp()).problems, []);
  assert.equal(site.file('/etc/hostname'), 'headgate\n');
});

test('a password is replaced by its hash, where it stands and nowhere else', async (t) => {
  const site = machineSite(t);
  const text = '# a\nadmin:\n  name: ada   # me\n  password: "correct horse battery"   # soon gone\nmachine: {}\n';
  site.put('headgate.yaml', text);
  assert.deepEqual((await site.setUp()).problems, []);
  const now = site.onBoot('headgate.yaml') ?? '';
  const [, hash = ''] = /passwordHash: '([^']+)'/.exec(now) ?? [];
  assert.equal(now, text.replace('password: "correct horse battery"', `passwordHash: '${hash}'`));
  assert.equal(await new Passwords().isRight('correct horse battery', passwordHashOf(hash)), true);
  const config = loadConfig({ file: site.path('/etc/headgate/headgate.yaml') });
  assert.deepEqual(config.auth.administrator, { name: 'ada', passwordHash: hash });
  assert.doesNotMatch(site.file('/data/machine/settings/headgate.yaml') ?? '', /correct horse/);
  assert.equal((await site.setUp()).problems.length, 0);
  assert.equal(site.onBoot('headgate.yaml'), now);
});

test('a password that can not be replaced is told of, a bad one makes nobody', async (t) => {
  const site = machineSite(t);
  site.put('headgate.yaml', 'admin: { password: correct horse battery }\n');
  site.lock();
  assert.match((await site.setUp()).problems.join(), /The password still stands there.*it is write-protected/);
  assert.notEqual(
    loadConfig({ file: site.path('/etc/headgate/headgate.yaml') }).auth.administrator.passwordHash,
    undefined,
  );
  const other = machineSite(t);
  other.put('headgate.yaml', 'admin: { password: short }\n');
  assert.match((await other.setUp()).problems.join(), /A password has 10 to 1,000 characters\. Nobody was made\./);
  assert.equal(
    loadConfig({ file: other.path('/etc/headgate/headgate.yaml') }).auth.administrator.passwordHash,
    undefined,
  );
});

test('the file holds over Imager, in whatever an editor has made of it', async (t) => {
  const site = machineSite(t);
  site.put('user-data', '#cloud-config\nhostname: by-imager\ntimezone: Europe/Berlin\n');
  const text = 'machine:\r\n  hostname: by-file\r\n';
  for (const bytes of [Buffer.from(`\uFEFF${text}`), Buffer.from(`\uFEFF${text}`, 'utf16le')]) {
    site.put('HEADGATE.YAML', bytes);
    assert.deepEqual((await site.setUp()).problems, []);
    assert.equal(site.file('/etc/hostname'), 'by-file\n');
    assert.equal(readlinkSync(site.path('/etc/localtime')), '/usr/share/zoneinfo/Europe/Berlin');
  }
});
