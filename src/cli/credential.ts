import { listAccounts, makeAccount, operandsOf, revokeAccount } from './accounts.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { urlOf, urlOption } from './gateway-client.ts';
import { passwordFrom } from './password-input.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'credential',
  about:
    'Gives devices credentials for MQTT and takes them back: `credential create --device ID`, `credential list`,\n' +
    '`credential revoke NAME`. A password is made and printed once, unless one is given. Without --scope a device may publish\n' +
    'and subscribe where its name is in the first or second level, and take and answer its commands.',
  operands: '[create | list | revoke NAME]',
  options: {
    device: { value: 'ID', about: 'The device that it is for, as `headgate devices` names it.' },
    username: { value: 'NAME', about: 'The MQTT user name; the id of the device without it.' },
    'password-file': {
      value: 'FILE',
      about: 'The file with a password that was chosen already; - for standard input.',
    },
    scope: { value: 'SCOPE', multiple: true, about: 'What the device may do instead. May be repeated.' },
    cn: {
      value: 'NAME',
      about: 'Known by a client certificate whose subject has this common name (mqtt.tls.clientCa).',
    },
    fingerprint: { value: 'SHA256', about: 'Known by the client certificate with this fingerprint.' },
    ...urlOption,
    json: { about: 'Print what the gateway says as JSON.' },
  },
} as const satisfies Usage;

/** `headgate credential`. */
export async function credential(args: string[], terminal: Terminal): Promise<number> {
  const { values, operands, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const { device, username, scope, cn, fingerprint, json } = values;
  const url = await urlOf(usage, values.url);
  if (operands[0] !== 'create') {
    const [verb, name] = operandsOf(usage, operands, ['create', 'revoke']);
    if (verb === 'list') return await listAccounts(url, 'credentials', json, terminal);
    return await revokeAccount(url, 'credentials', name, json, terminal);
  }
  if (operands.length > 1) throw wrong(usage, 'create takes no name: --device ID says whose it is.');
  if (device === undefined) throw wrong(usage, 'Say with --device ID whose it is.');
  const file = values['password-file'];
  const password = file === undefined ? undefined : await passwordFrom(file === '-' ? undefined : file);
  const made = await makeAccount(url, 'credentials', {
    device,
    ...(username !== undefined && { name: username }),
    ...(password !== undefined && { password }),
    ...(scope.length > 0 && { scopes: scope }),
    ...(cn !== undefined && { commonName: cn }),
    ...(fingerprint !== undefined && { fingerprint }),
  });
  if (json) terminal.out(JSON.stringify(made, undefined, 2));
  else if (made.password === undefined) terminal.out(`${device} may connect as ${made.name}.`);
  else {
    terminal.err(`${device} may connect as ${made.name}, with this password:`);
    terminal.out(made.password);
  }
  return 0;
}
