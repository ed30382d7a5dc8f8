import type { GatewayStatus } from '../instrumentation/status.ts';
import { stringifyExact } from '../lib/exact-json.ts';
import { helpText, parseArguments, type Usage } from './arguments.ts';
import { ask, noGateway, urlOf, urlOption } from './gateway-client.ts';
import { statusText } from './status-text.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'status',
  about: 'Shows how a running gateway is doing.',
  options: { ...urlOption, json: { about: 'Print the status as the gateway gives it, as JSON.' } },
} as const satisfies Usage;

export async function status(args: string[], terminal: Terminal): Promise<number> {
  const { values, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const found = await fetchStatus(await urlOf(usage, values.url));
  terminal.out(values.json ? stringifyExact(found, 2) : statusText(found, Date.now()));
  return 0;
}

/** @throws {HeadgateError} gateway.unreachable, gateway.refused */
export async function fetchStatus(url: string): Promise<GatewayStatus> {
  const found: unknown = await ask(url, 'GET', '/api/v1/status');
  if (isStatus(found)) return found;
  throw noGateway(url, 'something that is no status');
}

/** Tells a gateway from any other server that answers in JSON; it does not check every field. */
function isStatus(found: unknown): found is GatewayStatus {
  return typeof found === 'object' && found !== null && ['gateway', 'health', 'uplink'].every((part) => part in found);
}
