import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ImagerFiles, imagerSettings } from '../../../src/appliance/settings/imager.ts';
import { judge, key } from './site.ts';

// As Raspberry Pi Imager 2 writes them (raspberrypi/rpi-imager, src/customization_generator.cpp).

const withKey = `#cloud-config
manage_resolv_conf: false
hostname: greenhouse
manage_etc_hosts: true
packages:
- avahi-daemon
apt:
  preserve_sources_list: true
  conf: |
    Acquire {
      Check-Date "false";
    };
timezone: Europe/Berlin
keyboard:
  model: pc105
  layout: "de"
users:
- name: ada
  groups: users,adm,dialout,audio,netdev,video,plugdev,cdrom,games,input,gpio,spi,i2c,render,sudo
  shell: /bin/bash
  lock_passwd: true
  ssh_authorized_keys:
    - ${key}
  sudo: ALL=(ALL) NOPASSWD:ALL
enable_ssh: true
ssh_pwauth: false
rpi:
  interfaces:
    serial: true
`;
const withPassword = `#cloud-config
hostname: greenhouse
users:
- name: ada
  groups: users,adm,sudo
  shell: /bin/bash
  lock_passwd: false
  passwd: "$5$rounds=5000$salt$hash"
enable_ssh: true
ssh_pwauth: true
`;
const psk = '0123456789abcdef'.repeat(4);
const wifi = `network:
  version: 2
  ethernets:
    eth0:
      dhcp4: true
      dhcp6: true
      optional: true
  wifis:
    wlan0:
      dhcp4: true
      regulatory-domain: "DE"
      access-points:
        "Wörk \\"shop\\"":
          hidden: true
          password: "${psk}"
      optional: true
`;

const read = (files: ImagerFiles) => {
  const { settings, troubles } = imagerSettings(files, judge);
  return { machine: settings.machine, told: troubles.map(({ kind, text }) => `${kind}: ${text}`) };
};

test('a host name, a time zone, a user with a key and a Wi-Fi network are taken over, and nothing is told', () => {
  const { machine, told } = read({
    user: withKey,
    network: wifi,
    commandLine: ' ds=nocloud;i=rpi-imager-1787532598498',
  });
  assert.deepEqual(told, []);
  assert.deepEqual(machine, {
    hostname: 'greenhouse',
    timezone: 'Europe/Berlin',
    ssh: { user: 'ada', authorizedKeys: [key] },
    wifi: { country: 'DE', ssid: 'Wörk "shop"', psk, hidden: true },
  });
});

test('what it asks for that this machine does not do is told', () => {
  const rows: [what: string, files: ImagerFiles, told: RegExp[]][] = [
    ['nothing at all', {}, []],
    ['empty files', { user: '', network: '', commandLine: '' }, []],
    ['a password', { user: withPassword }, [/^note: user-data: It asks for signing in with a password/]],
    [
      'a password beside a key',
      { user: withKey.replace('ssh_pwauth: false', 'ssh_pwauth: true') },
      [/^note: .* with a password/],
    ],
    ['a script', { user: '#!/bin/sh\nreboot\n' }, [/^note: user-data: It is a script/]],
    [
      'Raspberry Pi Connect',
      { user: '#cloud-config\nruncmd:\n  - [ sh, -c, "install -o ada" ]\n' },
      [/^note: user-data: Commands are not run here, so Raspberry Pi Connect is not set up/],
    ],
    [
      'interfaces of the board',
      { user: '#cloud-config\nrpi:\n  enable_usb_gadget: true\n  interfaces:\n    i2c: true\n    serial: true\n' },
      [/^note: user-data: i2c, USB gadget: to be switched on in config\.txt/],
    ],
    ['packages', { user: '#cloud-config\npackages: [vim]\n' }, [/Packages are not installed here \(vim\)/]],
    ['files', { user: '#cloud-config\nwrite_files: []\n' }, [/`write_files` is nothing that this machine does/]],
    ['no YAML', { user: '#cloud-config\n"' }, [/^problem: user-data:2:\d+: /]],
    [
      'a wrong host name',
      { user: '#cloud-config\nhostname: a_b\n' },
      [/^problem: user-data, network-config: `machine\.hostname` is/],
    ],
    [
      'two networks',
      {
        network:
          'version: 2\nwifis:\n  wlan0:\n    access-points:\n      a: { password: correct horse }\n      b: {}\n',
      },
      [/^note: network-config: One Wi-Fi network is used, so not b/],
    ],
  ];
  for (const [what, files, expected] of rows) {
    const { told } = read(files);
    assert.equal(told.length, expected.length, `${what}: ${told.join('\n')}`);
    for (const [index, one] of expected.entries()) assert.match(told[index] ?? '', one, what);
  }
});

test('the Wi-Fi country alone is on the command line, and addresses may stand in the network file', () => {
  assert.deepEqual(read({ commandLine: 'console=tty1 cfg80211.ieee80211_regdom=AT' }).machine, {
    wifi: { country: 'AT' },
  });
  const network = `version: 2
ethernets:
  eth0:
    addresses: [192.168.1.10/24]
    routes: [{ to: default, via: 192.168.1.1 }]
    nameservers: { addresses: [192.168.1.1] }
`;
  assert.deepEqual(read({ network }).machine, {
    network: [{ interface: 'eth0', address: ['192.168.1.10/24'], gateway: ['192.168.1.1'], dns: ['192.168.1.1'] }],
  });
  assert.deepEqual(
    read({ network: 'wifis: { wlan0: { access-points: { a: { password: "correct horse" } } } }' }).machine,
    {
      wifi: { ssid: 'a', password: 'correct horse' },
    },
  );
});
