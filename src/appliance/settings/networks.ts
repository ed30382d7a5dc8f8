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
 * A file of wpa_supplicant (wpa_supplicant.conf(5)). The name goes in as hexadecimal digits, so that no letter of it means anything; a
 * password has printable ASCII alone, and what follows its last quote ends it.
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
      ...keyLines(password, psk),
      '}',
    ]),
    '',
  ].join('\n');
}

function keyLines(password: string | undefined, psk: string | undefined): string[] {
  // WPA3 needs the password itself; where only the key is known, WPA2 has to do.
  if (password !== undefined) return [`  psk="${password}"`, '  key_mgmt=WPA-PSK WPA-PSK-SHA256 SAE', '  ieee80211w=1'];
  if (psk !== undefined) return [`  psk=${psk.toLowerCase()}`, '  key_mgmt=WPA-PSK WPA-PSK-SHA256', '  ieee80211w=1'];
  return ['  key_mgmt=NONE'];
}
