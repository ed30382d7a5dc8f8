import { parseConfigText } from '../../lib/settings/yaml-file.ts';
import { type Judge, judgedSettings, type Trouble } from './given.ts';
import type { Settings } from './options.ts';
import { compacted, isTree } from './tree.ts';

/**
 * What Raspberry Pi Imager 2 leaves on the boot partition of an image whose manifest says `init_format: cloudinit`: two files of cloud-init's
 * NoCloud form, and a word on the kernel's command line. (raspberrypi/rpi-imager, `src/customization_generator.cpp` and
 * `doc/os_customisation_formats.md`; cloud-init's "NoCloud" and "Networking config Version 2".)
 */
export interface ImagerFiles {
  /** `user-data`. */
  readonly user?: string | undefined;
  /** `network-config`. */
  readonly network?: string | undefined;
  /** `cmdline.txt`, where the Wi-Fi country is while no network was chosen. */
  readonly commandLine?: string | undefined;
}

/** What it says of things that are so here anyway, or that nobody misses. */
const silent: ReadonlySet<string> = new Set([
  ...['manage_etc_hosts', 'manage_resolv_conf', 'preserve_hostname', 'fqdn', 'apt', 'enable_ssh', 'ssh_pwauth'],
  ...['keyboard', 'locale', 'hostname', 'timezone', 'users', 'packages', 'rpi', 'package_update', 'disable_root'],
]);

/** What Imager asks for, as settings of ours, and what of it this machine does not do. */
export function imagerSettings(files: ImagerFiles, judge: Judge): { settings: Settings; troubles: readonly Trouble[] } {
  const troubles: Trouble[] = [];
  const tell = (kind: Trouble['kind'], text: string): void => void troubles.push({ kind, text });
  const user = treeOf(files.user, 'user-data', tell);
  const network = treeOf(files.network, 'network-config', tell);
  const [, country] = /(?:^|\s)cfg80211\.ieee80211_regdom=([A-Za-z]{2})(?:\s|$)/.exec(files.commandLine ?? '') ?? [];
  if (/^#!/.test(files.user ?? '')) tell('note', 'user-data: It is a script, which is not run here.');
  const said = compacted({
    machine: {
      hostname: user.hostname,
      timezone: user.timezone,
      ssh: sshOf(user, tell),
      ...networkOf(network, country, tell),
    },
  });
  restOf(user, tell);
  const { settings, troubles: wrong } = judgedSettings(said, () => 'user-data, network-config', judge);
  return { settings, troubles: [...troubles, ...wrong] };
}

type Tell = (kind: Trouble['kind'], text: string) => void;
type Tree = Readonly<Record<string, unknown>>;

function treeOf(text: string | undefined, name: string, tell: Tell): Tree {
  if (text === undefined || /^#!/.test(text)) return {};
  const { value, errors } = parseConfigText(text, name);
  for (const error of errors) tell('problem', error);
  return isTree(value) ? value : {};
}

function sshOf(user: Tree, tell: Tell): unknown {
  const users = Array.isArray(user.users) ? user.users.filter(isTree) : [];
  const withKeys = users.find((one) => listOf(one.ssh_authorized_keys).length > 0) ?? users[0];
  const keys = [...listOf(withKeys?.ssh_authorized_keys), ...listOf(user.ssh_authorized_keys)];
  const hasPassword = users.some((one) => typeof one.passwd === 'string' || typeof one.plain_text_passwd === 'string');
  if (user.ssh_pwauth === true || (hasPassword && keys.length === 0))
    tell(
      'note',
      'user-data: It asks for signing in with a password. This machine takes SSH keys alone; the password of the dashboard is chosen there.',
    );
  for (const other of users.filter((one) => one !== withKeys))
    tell('note', `user-data: There is one user besides the system's: ${String(other.name)} is not made.`);
  return keys.length === 0 ? undefined : { user: withKeys?.name, authorizedKeys: keys };
}

function networkOf(given: Tree, country: string | undefined, tell: Tell): Tree {
  const network = isTree(given.network) ? given.network : given;
  const wifis = entriesOf(network.wifis);
  const points = wifis.flatMap(([, one]) => entriesOf(one['access-points']));
  const [first, ...others] = points;
  const [ssid, point]: readonly [string | undefined, Tree] = first ?? [undefined, {}];
  for (const [name] of others) tell('note', `network-config: One Wi-Fi network is used, so not ${name}.`);
  const found = wifis.map(([, one]) => one['regulatory-domain']).find((one) => typeof one === 'string');
  const shown = point.password;
  const auth = isTree(point.auth) ? point.auth.password : undefined;
  const secret = typeof shown === 'string' ? shown : typeof auth === 'string' ? auth : '';
  const interfaces = [...entriesOf(network.ethernets), ...wifis].flatMap(([name, one]) => interfaceOf(name, one));
  return {
    ...((ssid !== undefined || found !== undefined || country !== undefined) && {
      wifi: {
        country: found ?? country,
        ssid,
        ...(/^[0-9a-f]{64}$/i.test(secret) ? { psk: secret } : secret !== '' && { password: secret }),
        ...(point.hidden === true && { hidden: true }),
      },
    }),
    ...(interfaces.length > 0 && { network: interfaces }),
  };
}

/** An interface with an address of its own; one that asks for it needs no word. */
function interfaceOf(name: string, one: Tree): Tree[] {
  const address = listOf(one.addresses);
  if (address.length === 0) return [];
  const routes = Array.isArray(one.routes) ? one.routes.filter(isTree) : [];
  const ways = routes.filter(({ to }) => ['default', '0.0.0.0/0', '::/0'].includes(String(to))).map(({ via }) => via);
  const gateway = [one.gateway4, one.gateway6, ...ways].filter((way) => typeof way === 'string');
  const dns = isTree(one.nameservers) ? listOf(one.nameservers.addresses) : [];
  return [
    {
      interface: name,
      address,
      ...(gateway.length > 0 && { gateway }),
      ...(dns.length > 0 && { dns }),
      ...(one.dhcp4 === true && { dhcp: true }),
    },
  ];
}

/** What is asked for besides, and not done. */
function restOf(user: Tree, tell: Tell): void {
  const packages = listOf(user.packages).filter((name) => name !== 'avahi-daemon');
  if (packages.length > 0)
    tell(
      'note',
      `user-data: Packages are not installed here (${packages.slice(0, 5).join(', ')}): the machine is replaced as a whole.`,
    );
  const { interfaces, enable_usb_gadget: gadget } = isTree(user.rpi) ? user.rpi : ({} as Tree);
  const wanted = [
    ...entriesNames(interfaces).filter((name) => name !== 'serial'),
    ...(gadget === true ? ['USB gadget'] : []),
  ];
  if (wanted.length > 0) tell('note', `user-data: ${wanted.join(', ')}: to be switched on in config.txt.`);
  for (const key of Object.keys(user)) {
    if (key === 'runcmd') tell('note', 'user-data: Commands are not run here, so Raspberry Pi Connect is not set up.');
    else if (!silent.has(key)) tell('note', `user-data: \`${key}\` is nothing that this machine does.`);
  }
}

function listOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : []).filter((one) => typeof one === 'string');
}

function entriesOf(value: unknown): (readonly [string, Tree])[] {
  return isTree(value) ? Object.entries(value).map(([name, one]) => [name, isTree(one) ? one : {}] as const) : [];
}

function entriesNames(value: unknown): string[] {
  return isTree(value) ? Object.entries(value).flatMap(([name, one]) => (one === false ? [] : [name])) : [];
}
