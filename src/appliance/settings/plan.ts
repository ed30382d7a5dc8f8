import { passwordHashOf } from '../../auth/password-text.ts';
import { merge } from '../../lib/settings/layer.ts';
import { networkText, wifiNetworkOf, wifiText } from './networks.ts';
import type { Settings } from './options.ts';
import { places } from './places.ts';

/** A file as it has to be; its group is root's unless it is named. */
export interface PlannedFile {
  readonly path: string;
  readonly mode: number;
  readonly text: string;
  readonly group?: 'headgate';
}

/** Everything that follows from settings. The file system is new at each start, so what is not here is not there. */
export interface Plan {
  readonly hostname: string;
  /** In `/usr/share/zoneinfo`. */
  readonly timezone: string;
  readonly files: readonly PlannedFile[];
  /** Who may sign in by SSH; undefined: nobody, and there is no SSH. */
  readonly sshUser: string | undefined;
}

/**
 * @param base the appliance's own configuration of the gateway, parsed
 * @param yaml writes a value as YAML
 */
export function planOf(settings: Settings, base: unknown, yaml: (value: unknown) => string): Plan {
  const { machine = {}, admin = {}, credentials = {}, gateway = {} } = settings;
  const { hostname = 'headgate', timezone = 'UTC', network = [], ntp = [], wifi = {}, ssh = {} } = machine;
  const networks = wifiNetworkOf(wifi);
  const keys = ssh.authorizedKeys ?? [];
  const sshUser = keys.length > 0 ? (ssh.user ?? 'admin') : undefined;
  const administrator =
    admin.passwordHash !== undefined && passwordHashOf(admin.passwordHash) !== undefined
      ? { auth: { administrator: { name: admin.name ?? 'admin', passwordHash: admin.passwordHash } } }
      : {};
  const configuration = [administrator, gateway].reduce(merge, base);
  const file = (path: string, text: string, mode = 0o644): PlannedFile => ({ path, mode, text });
  return {
    hostname,
    timezone,
    sshUser,
    files: [
      file(places.hostname, `${hostname}\n`),
      file('/etc/hosts', hostsText(hostname)),
      // Before 80-headgate-wired.network, and each in the order of the file.
      ...network.map((one, index) =>
        file(`/etc/systemd/network/${10 + Math.min(index, 60)}-settings-${index}.network`, networkText(one)),
      ),
      ...(ntp.length > 0
        ? [file('/etc/systemd/timesyncd.conf.d/settings.conf', `[Time]\nNTP=${ntp.join(' ')}\n`)]
        : []),
      ...(networks.length > 0 || wifi.country !== undefined
        ? [file(places.wifi, wifiText(wifi.country, networks), 0o600)]
        : []),
      ...(sshUser === undefined
        ? []
        : [
            file(`/etc/ssh/authorized_keys/${sshUser}`, `${keys.map((key) => key.trim()).join('\n')}\n`),
            file(places.ssh, ''),
          ]),
      ...Object.entries(credentials).map(([name, secret]) => file(`/etc/headgate/credentials/${name}`, secret, 0o600)),
      {
        path: places.gateway,
        mode: 0o640,
        group: 'headgate',
        text: `# Written at each start: the appliance's configuration, and over it what headgate.yaml on the boot partition says.\n${yaml(configuration)}`,
      },
    ],
  };
}

function hostsText(hostname: string): string {
  return [
    '127.0.0.1 localhost',
    `127.0.1.1 ${hostname}`,
    '::1 localhost ip6-localhost ip6-loopback',
    'ff02::1 ip6-allnodes',
    'ff02::2 ip6-allrouters',
    '',
  ].join('\n');
}
