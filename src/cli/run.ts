import { type ConfigSources, configFile } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { failTrial } from '../config/settings-trial.ts';
import { loadToStart } from '../config/start.ts';
import { messageOf } from '../core/errors.ts';
import type { Gateway } from '../gateway.ts';
import { createLog, drainLog, type Logger } from '../instrumentation/log.ts';
import { giveBackWhenIdle } from '../lib/give-back.ts';
import { LogLevels } from '../lib/log-levels.ts';
import { LogTail } from '../lib/log-tail.ts';
import { isUnderSystemd, Restart, restartCode } from '../lib/restart.ts';
import type { SdNotify } from '../upkeep/sd-notify.ts';
import { helpText, parseArguments, type Usage } from './arguments.ts';
import { configOptions, sourcesOf, usualSink } from './config-options.ts';
import { exitCodeOf, failureFields, reportFailure } from './failure.ts';
import { serve } from './serve.ts';
import { serviceManager } from './service-manager.ts';
import type { Terminal } from './terminal.ts';
import { welcome } from './welcome.ts';

const usage = {
  verb: 'run',
  about: 'Runs the gateway until it is told to stop (SIGTERM, Ctrl-C).',
  options: {
    ...configOptions,
    welcome: { about: 'Say what to try next, once it is ready.' },
    stay: { about: 'When it cannot start: show why on the HTTP port, and try again, instead of ending.' },
  },
} as const satisfies Usage;

export async function run(args: string[], terminal: Terminal): Promise<number> {
  const { values, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const sources = sourcesOf(values, terminal);
  const manager = await serviceManager(terminal);
  const started = (gateway: Gateway, config: Config, log: Logger) => {
    const { addresses, sink } = gateway;
    // Both clocks start with the process.
    log.info(
      { ...addresses, ...(sink === undefined ? {} : { sink }), readyMs: Math.round(performance.now()) },
      'ready',
    );
    manager?.ready(() => gateway.pulse());
    giveBackWhenIdle();
    if (values.welcome)
      terminal.out(welcome({ addresses, isSecure: config.http.tls.enabled, sink, usualSink: usualSink('./data') }));
  };
  return await (values.stay ? runStaying(sources, terminal, started, manager) : runOnce(sources, terminal, started));
}

type Started = (gateway: Gateway, config: Config, log: Logger) => void;

async function runOnce(sources: ConfigSources, terminal: Terminal, started: Started): Promise<number> {
  const { config, problem } = loadToStart(sources);
  const tail = new LogTail();
  const levels = new LogLevels();
  const root = Object.assign(createLog(config.log, undefined, tail, levels), { tail, verbosity: levels });
  const log = root.child({ part: 'main' });
  try {
    const { Gateway } = await import('../gateway.ts');
    if (problem !== undefined)
      log.error(
        { problems: problem.split('\n') },
        'What was set over the configuration file does not hold: it is wrong.',
      );
    const restart = restartOf(config, terminal);
    const gateway = new Gateway(config, root, sources, restart);
    const code = await serve(gateway, log, { onReady: () => started(gateway, config, log) });
    return code === 0 && restart.isAsked ? restartCode : code;
  } catch (error) {
    const takenBack = failTrial(config.dataDir, messageOf(error));
    if (takenBack.length > 0) log.error({ keys: takenBack }, 'Changed settings were taken back: try again.');
    log.error(failureFields(error), `The gateway did not start: ${messageOf(error)}`);
    return reportFailure(error, terminal, config.log.level === 'debug' || config.log.level === 'trace');
  } finally {
    await drainLog();
  }
}

function restartOf({ gateway }: Config, { environment }: Terminal): Restart {
  return new Restart(gateway.supervised ?? isUnderSystemd(environment));
}

/** @returns what {@link runOnce} does, when it is told to stop */
async function runStaying(
  sources: ConfigSources,
  terminal: Terminal,
  started: Started,
  manager: SdNotify | undefined,
): Promise<number> {
  const { PersistentGateway } = await import('./startup/persistent.ts');
  const file = configFile(sources);
  let isRestart = false;
  const gateway = new PersistentGateway({
    sources,
    restart: (config) => {
      const { isPossible } = restartOf(config, terminal);
      return new Restart(isPossible, () => {
        isRestart = true;
        process.kill(process.pid, 'SIGTERM');
      });
    },
    onStarted: (one, config) => started(one, config, gateway.log.child({ part: 'main' })),
    onFailure: (error, url) => {
      reportFailure(error, terminal);
      // The page is there, and to start the process anew would help nothing.
      manager?.ready(async () => `The gateway did not start: ${messageOf(error)}`);
      const change = file === undefined ? '' : `as soon as ${file} changes, and `;
      terminal.err(`${url} shows more. It is tried again ${change}once a minute at least; Ctrl-C ends it.`);
    },
  });
  try {
    const code = await serve(gateway, gateway.log.child({ part: 'main' }), { onReady: () => {} });
    // Whoever looks after the process sees that it never did what it was started for.
    if (gateway.failure !== undefined) return exitCodeOf(gateway.failure);
    return code === 0 && isRestart ? restartCode : code;
  } catch (error) {
    gateway.log.error({ part: 'main', ...failureFields(error) }, `The gateway did not start: ${messageOf(error)}`);
    return reportFailure(error, terminal);
  } finally {
    await drainLog();
  }
}
