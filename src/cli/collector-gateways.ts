import { parseDuration } from '../core/units.ts';
import type { GatewayEntry } from '../wire/generated/headgate/v1/admin.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { adminOptions, withAdmin } from './collector-admin.ts';
import { tableOf } from './table.ts';
import type { Terminal } from './terminal.ts';

const json = { json: { about: 'Print the answer as JSON.' } } as const;

const tokenUsage = {
  verb: 'collector enrol-token',
  about: 'Makes a one-time token, with which one gateway can enrol. It is shown this once.',
  options: {
    ...adminOptions,
    gateway: { value: 'ID', about: 'The gateway that may use it; without it, any that is not enrolled yet.' },
    valid: { value: 'TIME', about: 'How long it is good for, as in 2h; a day without it.' },
    ...json,
  },
} as const satisfies Usage;

const gatewayTokenUsage = {
  verb: 'collector gateway-token',
  about: 'Makes a token for `uplink.tokenFile` of a gateway without a certificate, in place of the one before.',
  operands: 'ID',
  options: { ...adminOptions, ...json },
} as const satisfies Usage;

const gatewaysUsage = {
  verb: 'collector gateways',
  about: 'Shows the gateways that have been here or are enrolled.',
  options: { ...adminOptions, ...json },
} as const satisfies Usage;

const revokeUsage = {
  verb: 'collector revoke',
  about: 'Ends a gateway’s connection and lets it in no more, until it enrols anew with a token made for it.',
  operands: 'ID',
  options: adminOptions,
} as const satisfies Usage;

/** `headgate collector enrol-token`. */
export async function enrolToken(args: string[], terminal: Terminal): Promise<number> {
  const { values, isHelp } = parseArguments(tokenUsage, args);
  if (isHelp) return help(tokenUsage, terminal);
  const validMs = values.valid === undefined ? 0 : parseDuration(values.valid);
  if (validMs === undefined || validMs > 365 * 86_400_000)
    throw wrong(tokenUsage, `--valid takes a time such as 2h or 7d, a year at the most, not ${values.valid}.`);
  const validSeconds = Math.ceil(validMs / 1000);
  const { gateway = '' } = values;
  const answer = await withAdmin(values, terminal, (admin) => admin.createEnrolmentToken({ gateway, validSeconds }));
  const { token, caFingerprint } = answer;
  const expiresAt = timeOf(answer.expiresAt);
  if (values.json) {
    terminal.out(JSON.stringify({ token, expiresAt, caFingerprint }, undefined, 2));
    return 0;
  }
  const trust = caFingerprint === '' ? '' : ` --fingerprint ${caFingerprint}`;
  const whose = gateway === '' ? 'ID' : gateway;
  terminal.out(token);
  terminal.err(`Good until ${expiresAt}, once. At the gateway:`);
  terminal.err(`  headgate enrol --url https://HOST:PORT --gateway ${whose} --token ${token}${trust}`);
  return 0;
}

/** `headgate collector gateway-token ID`. */
export async function gatewayToken(args: string[], terminal: Terminal): Promise<number> {
  const { values, operands, isHelp } = parseArguments(gatewayTokenUsage, args);
  if (isHelp) return help(gatewayTokenUsage, terminal);
  const gateway = only(gatewayTokenUsage, operands);
  const { token } = await withAdmin(values, terminal, (admin) => admin.createGatewayToken({ gateway }));
  terminal.out(values.json ? JSON.stringify({ gateway, token }, undefined, 2) : token);
  return 0;
}

/** `headgate collector gateways`. */
export async function gateways(args: string[], terminal: Terminal): Promise<number> {
  const { values, isHelp } = parseArguments(gatewaysUsage, args);
  if (isHelp) return help(gatewaysUsage, terminal);
  const answer = await withAdmin(values, terminal, (admin) => admin.listGateways({}));
  const rows = answer.gateways.map(rowOf);
  if (values.json) terminal.out(JSON.stringify(rows, undefined, 2));
  else for (const line of table(rows)) terminal.out(line);
  return 0;
}

/** `headgate collector revoke ID`. */
export async function revoke(args: string[], terminal: Terminal): Promise<number> {
  const { values, operands, isHelp } = parseArguments(revokeUsage, args);
  if (isHelp) return help(revokeUsage, terminal);
  const gateway = only(revokeUsage, operands);
  await withAdmin(values, terminal, (admin) => admin.revokeGateway({ gateway }));
  terminal.out(`${gateway} is not let in any more.`);
  return 0;
}

interface Row {
  readonly gateway: string;
  readonly state: 'connected' | 'away' | 'revoked';
  readonly lastSeenAt: string | null;
  readonly certificateUntil: string | null;
}

function rowOf({ gateway, connected, revoked, lastSeenAt, certificateExpiresAt }: GatewayEntry): Row {
  return {
    gateway,
    state: revoked ? 'revoked' : connected ? 'connected' : 'away',
    lastSeenAt: timeOf(lastSeenAt),
    certificateUntil: timeOf(certificateExpiresAt),
  };
}

function table(rows: readonly Row[]): string[] {
  return tableOf(
    ['GATEWAY', 'STATE', 'CONNECTED LAST', 'CERTIFICATE UNTIL'],
    rows.map(({ gateway, state, lastSeenAt, certificateUntil }) => [
      gateway,
      state,
      lastSeenAt ?? 'never',
      certificateUntil ?? 'none',
    ]),
  );
}

function timeOf(time: { readonly seconds: bigint } | undefined): string | null {
  return time === undefined ? null : new Date(Number(time.seconds) * 1000).toISOString();
}

function only(usage: Usage, operands: readonly string[]): string {
  const [gateway, ...more] = operands;
  if (gateway === undefined || more.length > 0) throw wrong(usage, 'Name one gateway.');
  return gateway;
}

function help(usage: Usage, terminal: Terminal): number {
  terminal.out(helpText(usage));
  return 0;
}
