/** Files of the machine that several of its programs know. */
export const places = {
  hostname: '/etc/hostname',
  gateway: '/etc/headgate/headgate.yaml',
  /** Its presence lets the unit of sshd start. */
  ssh: '/run/headgate-machine/ssh',
  wifi: '/etc/wpa_supplicant/wpa_supplicant-wlan0.conf',
} as const;

/** Where the settings of a machine come from and go to. */
export interface SettingsPlaces {
  /** The boot partition, as it is mounted. */
  readonly boot: string;
  /** What lasts on the data partition. */
  readonly lasting: string;
  /** The appliance's own configuration of the gateway. */
  readonly base: string;
  /** What everybody on the machine may read of this start. */
  readonly state: string;
  /** Before every path that is written to: empty, or a directory that stands for the machine. */
  readonly root: string;
}

export const settingsPlaces: SettingsPlaces = {
  boot: '/boot/firmware',
  lasting: '/data/machine',
  base: '/usr/lib/headgate/appliance.yaml',
  state: '/run/headgate-machine',
  root: '',
};
