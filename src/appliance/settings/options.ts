import { type Static, Type } from 'typebox';
import { oneOrMore } from '../../lib/option-types.ts';

const userPattern = '^[a-z_][a-z0-9_-]{0,31}$';

const networkOptions = Type.Object(
  {
    interface: Type.String({
      pattern: '^[A-Za-z0-9._*?-]{1,15}$',
      description: 'The interface, by its name or a pattern: `eth0`, `end0`, `wlan0`, `e*` for every wired one.',
      examples: ['e*'],
    }),
    address: Type.Optional(
      oneOrMore(Type.String({ minLength: 1 }), {
        description: 'Its own address with the length of the prefix. Unset: what the network hands out (DHCP).',
        examples: ['192.168.1.10/24'],
      }),
    ),
    gateway: Type.Optional(
      oneOrMore(Type.String({ minLength: 1 }), {
        description: 'The router that leads out of the network.',
        examples: ['192.168.1.1'],
      }),
    ),
    dns: Type.Optional(
      oneOrMore(Type.String({ minLength: 1 }), {
        description: 'Name servers, besides those that the network names.',
        examples: ['192.168.1.1'],
      }),
    ),
    dhcp: Type.Optional(
      Type.Boolean({ description: 'Whether it asks for an address. Unset: unless `address` says one.' }),
    ),
  },
  { additionalProperties: false },
);

const wifiOptions = Type.Object(
  {
    country: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z]{2}$',
        description: 'The country that the machine is in (ISO 3166): which channels may be used depends on it.',
        examples: ['DE'],
      }),
    ),
    ssid: Type.Optional(Type.String({ minLength: 1, maxLength: 32, description: 'The name of the network.' })),
    password: Type.Optional(
      Type.String({
        minLength: 8,
        maxLength: 63,
        secret: true,
        description: 'Its password, 8 to 63 characters. Neither this nor `psk`: the network is open.',
      }),
    ),
    psk: Type.Optional(
      Type.String({
        pattern: '^[0-9A-Fa-f]{64}$',
        secret: true,
        description:
          'Instead of the password: the key that is made of it and the name, 64 hexadecimal digits. Not for WPA3 alone.',
      }),
    ),
    hidden: Type.Optional(Type.Boolean({ description: 'Whether the network does not tell its name.' })),
  },
  { additionalProperties: false },
);

const machineOptions = Type.Object(
  {
    hostname: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$',
        description: 'The name of the machine, and with `.local` the address of the dashboard. Default: headgate.',
        examples: ['greenhouse-7'],
      }),
    ),
    timezone: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+){0,2}$',
        description: 'The time zone of what is shown; what is stored is in UTC. Default: UTC.',
        examples: ['Europe/Berlin'],
      }),
    ),
    network: Type.Optional(
      oneOrMore(networkOptions, { description: 'Interfaces that shall not simply do what the network says.' }),
    ),
    ntp: Type.Optional(
      oneOrMore(Type.String({ pattern: '^[A-Za-z0-9.:-]{1,253}$', examples: ['ntp.example.org'] }), {
        description: 'Time servers. Default: those that the network names, or those of Debian.',
      }),
    ),
    wifi: Type.Optional(wifiOptions),
    ssh: Type.Optional(
      Type.Object(
        {
          user: Type.Optional(
            Type.String({
              pattern: userPattern,
              description: 'Who signs in. Default: admin.',
              examples: ['admin'],
            }),
          ),
          authorizedKeys: Type.Optional(
            oneOrMore(Type.String({ minLength: 1, maxLength: 16_384 }), {
              description:
                'Public keys, as in `id_ed25519.pub`. Without one there is no SSH; passwords are never taken.',
            }),
          ),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

const adminOptions = Type.Object(
  {
    name: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        description: 'The first administrator of the dashboard. Default: admin.',
      }),
    ),
    passwordHash: Type.Optional(
      Type.String({ secret: true, minLength: 1, description: 'What `headgate user hash` prints for their password.' }),
    ),
    password: Type.Optional(
      Type.String({
        secret: true,
        minLength: 1,
        description: 'Instead of the hash: the password. The first start puts the hash in its place.',
      }),
    ),
  },
  { additionalProperties: false },
);

/** What the file on the boot partition may say of the machine. What it says of the gateway is held against the gateway's own schema. */
export const settingsOptions = Type.Object(
  {
    machine: Type.Optional(machineOptions),
    admin: Type.Optional(adminOptions),
    credentials: Type.Optional(
      Type.Unsafe<Readonly<Record<string, string>>>({
        type: 'object',
        additionalProperties: { type: 'string', minLength: 1, maxLength: 65_536, secret: true },
        description: 'Secrets for the gateway by name: `NAME` here is `credential:own_NAME` in its configuration.',
      }),
    ),
  },
  { additionalProperties: false },
);

export type Settings = Static<typeof settingsOptions> & {
  /** Keys of the gateway's configuration, over those of the appliance. */
  readonly gateway?: Readonly<Record<string, unknown>>;
};
export type MachineSettings = NonNullable<Settings['machine']>;
export type NetworkSettings = Static<typeof networkOptions>;
export type WifiSettings = Static<typeof wifiOptions>;
