import { pbkdf2Sync } from 'node:crypto';
import type { NetworkSettings, WifiSettings } from './options.ts';

/** A file of systemd-networkd (systemd.network(5)) for an interface that shall not simply do what the network says. */
export function networkText({
  interface: name,
  address = [],
  gateway = [],
  dns = [],
  dhcp = address.length === 0,
}: NetworkSettings): string {
  return [
    '# Written at each start from headgate.yaml on the boot partition.',
    '[Match]',
    `Name=${name}`,
    '',
    '[Network]',
    `DHCP=${dhcp ? 'yes' : 'no'}`,
    'LinkLocalAddressing=yes',
    ...address.map((one) => `Address=${one}`),
    ...gateway.map((one) => `Gateway=${one}`),
    ...dns.map((one) => `DNS=${one}`),
    '',
    '[Link]',
    'RequiredForOnline=no',
    '',
  ].join('\n');
}

/** A network of Wi-Fi, as it is known. */
export interface WifiNetwork {
  readonly ssid: string;
  readonly password?: string | undefined;
  readonly psk?: string | undefined;
  readonly hidden?: boolean | undefined;
}

export function wifiNetworkOf({ ssid, password, psk, hidden }: WifiSettings): WifiNetwork[] {
  return ssid === undefined ? [] : [{ ssid, password, psk, hidden }];
}

/**
 * A file of wpa_supplicant (wpa_supplicant.conf(5)). Whatever people chose goes in as hexadecimal digits: between quotes a `#` behind a quote
 * of theirs begins a comment, and a file with one wrong line is not read at all.
 */
export function wifiText(country: string | undefined, networks: readonly WifiNetwork[]): string {
  return [
    '# Written at each start from headgate.yaml on the boot partition.',
    'ctrl_interface=/run/wpa_supplicant',
    ...(country === undefined ? [] : [`country=${country.toUpperCase()}`]),
    ...networks.flatMap(({ ssid, password, psk, hidden }) => [
      'network={',
      `  ssid=${Buffer.from(ssid).toString('hex')}`,
      ...(hidden === true ? ['  scan_ssid=1'] : []),
      ...keyLines(ssid, password, psk),
      '}',
    ]),
    '',
  ].join('\n');
}

function keyLines(ssid: string, password: string | undefined, psk: string | undefined): string[] {
  const key = password === undefined ? psk?.toLowerCase() : pskOf(ssid, password);
  if (key === undefined) return ['  key_mgmt=NONE'];
  // WPA3 needs the password itself; where only the key is known, WPA2 has to do.
  const sae = password === undefined ? [] : [`  sae_password=${Buffer.from(password).toString('hex')}`];
  const kinds = password === undefined ? 'WPA-PSK WPA-PSK-SHA256' : 'WPA-PSK WPA-PSK-SHA256 SAE';
  return [`  psk=${key}`, ...sae, `  key_mgmt=${kinds}`, '  ieee80211w=1'];
}

/** IEEE 802.11-2020, J.4.1. */
function pskOf(ssid: string, password: string): string {
  return pbkdf2Sync(password, ssid, 4096, 32, 'sha1').toString('hex');
}
