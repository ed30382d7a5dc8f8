import { loadWithRemote } from '../config/remote.ts';
import { messageOf } from '../core/errors.ts';
import { createLog, drainLog } from '../instrumentation/log.ts';
import { LogTail } from '../lib/log-tail.ts';
import { helpText, parseArguments, type Usage } from './arguments.ts';
import { configOptions, sourcesOf, usualSink } from './config-options.ts';
import { failureFields, reportFailure } from './failure.ts';
import { serve } from './serve.ts';
import type { Terminal } from './terminal.ts';
import { welcome } from './welcome.ts';

const usage = {
  verb: 'run',
  about: 'Runs the gateway until it is told to stop (SIGTERM, Ctrl-C).',
  options: { ...configOptions, welcome: { about: 'Say what to try next, once it is ready.' } },
} as const satisfies Usage;

export async function run(args: string[], terminal: Terminal): Promise<number> {
  const { values, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const sources = sourcesOf(values, terminal);
  const { config, remoteFile, problem } = loadWithRemote(sources);
  const tail = new LogTail();
  const root = Object.assign(createLog(config.log, undefined, tail), { tail });
  const log = root.child({ part: 'main' });
  try {
    const { Gateway } = await import('../gateway.ts');
    if (problem !== undefined)
      log.error(
        { file: remoteFile, problems: problem.split('\n') },
        'What the collector has set does not hold: it is wrong.',
      );
    const gateway = new Gateway(config, root, sources);
    const onReady = () => {
      const { addresses, sink } = gateway;
      // Both clocks start with the process.
      log.info(
        { ...addresses, ...(sink === undefined ? {} : { sink }), readyMs: Math.round(performance.now()) },
        'ready',
      );
      if (values.welcome)
        terminal.out(welcome({ addresses, isSecure: config.http.tls.enabled, sink, usualSink: usualSink('./data') }));
    };
    return await serve(gateway, log, { onReady });
  } catch (error) {
    log.error(failureFields(error), `The gateway did not start: ${messageOf(error)}`);
    return reportFailure(error, terminal, config.log.level === 'debug' || config.log.level === 'trace');
  } finally {
    await drainLog();
  }
}
