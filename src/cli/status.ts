import { HeadgateError, messageOf } from '../core/errors.ts';
import type { GatewayStatus } from '../instrumentation/status.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { statusText } from './status-text.ts';
import type { Terminal } from './terminal.ts';

const usualUrl = 'http://127.0.0.1:8080';
/** A gateway that is up answers in milliseconds; one that takes this long is not well. */
const timeoutMs = 5_000;

const usage = {
  verb: 'status',
  about: 'Shows how a running gateway is doing.',
  options: {
    url: { value: 'URL', about: `The gateway's HTTP address; ${usualUrl} without it.` },
    json: { about: 'Print the status as the gateway gives it, as JSON.' },
  },
} as const satisfies Usage;

export async function status(args: string[], terminal: Terminal): Promise<number> {
  const { values, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const url = values.url ?? usualUrl;
  if (!/^https?:\/\/./.test(url) || !URL.canParse(url))
    throw wrong(usage, `--url takes an address such as ${usualUrl}, not ${url}.`);
  const found = await fetchStatus(url);
  terminal.out(values.json ? JSON.stringify(found, undefined, 2) : statusText(found, Date.now()));
  return 0;
}

async function fetchStatus(url: string): Promise<GatewayStatus> {
  let response: Response;
  try {
    response = await fetch(new URL('/api/v1/status', url), { signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    const reason = reasonOf(error);
    throw new HeadgateError('gateway.unreachable', `No gateway answers at ${url}: ${reason}.`, { cause: error });
  }
  const found = response.ok ? await response.json().catch(() => undefined) : undefined;
  if (isStatus(found)) return found;
  const answer = response.ok ? 'something that is no status' : `HTTP ${response.status}`;
  throw new HeadgateError('gateway.unreachable', `What answers at ${url} is no Headgate gateway: it said ${answer}.`);
}

/** Tells a gateway from any other server that answers in JSON; it does not check every field. */
function isStatus(found: unknown): found is GatewayStatus {
  return typeof found === 'object' && found !== null && ['gateway', 'health', 'uplink'].every((part) => part in found);
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `it took longer than ${timeoutMs / 1000} s`;
  // fetch says "fetch failed" and keeps the reason, with its code, in the cause.
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'that host name is unknown';
  return messageOf(cause);
}
