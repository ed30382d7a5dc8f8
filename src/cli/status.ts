import type { GatewayStatus } from '../instrumentation/status.ts';
import { helpText, parseArguments, type Usage } from './arguments.ts';
import { noGateway, reasonOf, unreachable, urlOf, urlOption } from './gateway-client.ts';
import { statusText } from './status-text.ts';
import type { Terminal } from './terminal.ts';

/** A gateway that is up answers in milliseconds; one that takes this long is not well. */
const timeoutMs = 5_000;

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
  const found = await fetchStatus(urlOf(usage, values.url));
  terminal.out(values.json ? JSON.stringify(found, undefined, 2) : statusText(found, Date.now()));
  return 0;
}

async function fetchStatus(url: string): Promise<GatewayStatus> {
  let response: Response;
  try {
    response = await fetch(new URL('/api/v1/status', url), { signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    throw unreachable(url, isLate ? `it took longer than ${timeoutMs / 1000} s` : reasonOf(error), error);
  }
  const found = response.ok ? await response.json().catch(() => undefined) : undefined;
  if (isStatus(found)) return found;
  throw noGateway(url, response.ok ? 'something that is no status' : `HTTP ${response.status}`);
}

/** Tells a gateway from any other server that answers in JSON; it does not check every field. */
function isStatus(found: unknown): found is GatewayStatus {
  return typeof found === 'object' && found !== null && ['gateway', 'health', 'uplink'].every((part) => part in found);
}
