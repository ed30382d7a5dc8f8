import { collectorSettings } from '../collector/own-file.ts';
import { sinkText } from '../collector/sink.ts';
import { messageOf } from '../core/errors.ts';
import { createLog, drainLog } from '../instrumentation/log.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { sinkOf, sinkOption } from './collector-sink.ts';
import { configOf, configOptions } from './config-options.ts';
import { failureFields, reportFailure } from './failure.ts';
import { serve } from './serve.ts';
import { serviceManager } from './service-manager.ts';
import type { Terminal } from './terminal.ts';

const options = {
  ...configOptions,
  ...sinkOption,
} as const;

const usage = {
  verb: 'collector',
  about:
    'Runs a collector alone, until it is told to stop. `collector records` shows its sink, `collector command` sends one;\n' +
    '`collector gateways`, `enrol-token`, `gateway-token` and `revoke` say who may send records; `collector health` tells whether\n' +
    'one answers.',
  options,
} as const satisfies Usage;

const recordsUsage = {
  verb: 'collector records',
  about: 'Prints the newest records of a sink, oldest first, one JSON object a line. A line with `gap` reports a loss.',
  options: { ...options, last: { value: 'N', about: 'How many; 10 without it.' } },
} as const satisfies Usage;

const identityVerbs: Readonly<Record<string, 'enrolToken' | 'gatewayToken' | 'gateways' | 'revoke'>> = {
  'enrol-token': 'enrolToken',
  'gateway-token': 'gatewayToken',
  gateways: 'gateways',
  revoke: 'revoke',
};

export async function collector(args: string[], terminal: Terminal): Promise<number> {
  if (args[0] === 'records') return await records(args.slice(1), terminal);
  if (args[0] === 'command') return await (await import('./collector-command.ts')).command(args.slice(1), terminal);
  if (args[0] === 'health')
    return await (await import('./collector-health.ts')).collectorHealth(args.slice(1), terminal);
  if (args[0] !== undefined && Object.hasOwn(identityVerbs, args[0]))
    return await (await import('./collector-gateways.ts'))[identityVerbs[args[0]]!](args.slice(1), terminal);
  const { values, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const config = configOf(values, terminal);
  const root = createLog(config.log);
  const log = root.child({ part: 'main' });
  try {
    const { Collector } = await import('../collector/collector.ts');
    const settings = collectorSettings(config.collector, sinkOf(config, values), config.dataDir);
    const sink = sinkText(settings.sink);
    const service = new Collector(settings, root.child({ part: 'collector' }));
    const manager = await serviceManager(terminal);
    const onReady = () => {
      log.info({ collector: service.address, sink, readyMs: Math.round(performance.now()) }, 'ready');
      manager?.ready(async () => `Takes records at ${service.address}.`);
    };
    return await serve(service, log, { onReady });
  } catch (error) {
    log.error(failureFields(error), `The collector did not start: ${messageOf(error)}`);
    return reportFailure(error, terminal, config.log.level === 'debug' || config.log.level === 'trace');
  } finally {
    await drainLog();
  }
}

async function records(args: string[], terminal: Terminal): Promise<number> {
  const { values, isHelp } = parseArguments(recordsUsage, args);
  if (isHelp) {
    terminal.out(helpText(recordsUsage));
    return 0;
  }
  const { last = '10' } = values;
  if (!/^[1-9]\d{0,8}$/.test(last)) throw wrong(recordsUsage, `--last takes a whole number from 1 on, not ${last}.`);
  const config = configOf(values, terminal);
  const { newestRecords } = await import('../collector/newest-records.ts');
  const lines = await newestRecords(sinkOf(config, values), Number(last), config.collector.nats);
  for (const line of lines) terminal.out(line.trimEnd());
  return 0;
}
