import { once } from 'node:events';
import { connect } from 'node:http2';
import { HeadgateError } from '../core/errors.ts';
import { helpText, parseArguments, type Usage } from './arguments.ts';
import { collectorUrl } from './collector-admin.ts';
import { configOf, configOptions } from './config-options.ts';
import { reasonOf } from './gateway-client.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'collector health',
  about:
    'Tells by its exit code whether the collector of the configuration answers: 0 when it does. It listens once its sink is\n' +
    'open, and answers as long as its event loop turns.',
  options: configOptions,
} as const satisfies Usage;

const usualPatienceMs = 5_000;

/**
 * `headgate collector health`. Waits for the settings with which an HTTP/2 server greets: that takes no right and leaves nothing in
 * the log. It does not matter by which certificate the collector is known, as nothing is told to it.
 *
 * @throws {HeadgateError} collector.unreachable
 */
export async function collectorHealth(
  args: string[],
  terminal: Terminal,
  patienceMs = usualPatienceMs,
): Promise<number> {
  const { values, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const url = collectorUrl(configOf(values, terminal));
  const session = connect(url, { rejectUnauthorized: false });
  try {
    await once(session, 'remoteSettings', { signal: AbortSignal.timeout(patienceMs) });
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'AbortError';
    const reason = isLate ? `it did not answer within ${patienceMs / 1000} s` : reasonOf(error);
    throw new HeadgateError('collector.unreachable', `No collector answers at ${url}: ${reason}.`, { cause: error });
  } finally {
    session.destroy();
  }
  terminal.out('ready');
  return 0;
}
