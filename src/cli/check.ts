import { describeConfig } from '../config/describe.ts';
import { configFile } from '../config/load.ts';
import { configNode } from '../config/node.ts';
import { HeadgateError } from '../core/errors.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { configOf, configOptions, sourcesOf } from './config-options.ts';
import { exitCodeOf } from './failure.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'check',
  about: 'Tells whether the configuration is right, with `file:line:col: message` for everything that is not.',
  operands: '[FILE]',
  options: {
    ...configOptions,
    json: { about: 'Print the whole configuration, defaults included and secrets hidden, as JSON.' },
    example: { about: 'Print an example file instead: every key with its description and default.' },
  },
} as const satisfies Usage;

export async function check(args: string[], terminal: Terminal): Promise<number> {
  const { values, operands, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  if (values.example) {
    const { exampleConfig } = await import('../config/example.ts');
    terminal.out(exampleConfig(configNode).trimEnd());
    return 0;
  }
  if (operands.length + (values.config === undefined ? 0 : 1) > 1)
    throw wrong(usage, 'only one file can be checked at a time.');
  const given = { ...values, config: values.config ?? operands[0] };
  try {
    const config = configOf(given, terminal);
    const name = configFile(sourcesOf(given, terminal)) ?? 'The configuration (defaults, environment and --set)';
    // With --json the answer is the configuration, and the sentence must not stand in a program's way.
    if (values.json) terminal.out(JSON.stringify(describeConfig(configNode, config), undefined, 2));
    (values.json ? terminal.err : terminal.out)(`${name} is right.`);
    return 0;
  } catch (error) {
    if (!(error instanceof HeadgateError) || error.code !== 'config.invalid') throw error;
    // What is wrong is what was asked for: it goes to standard output, one line each, as editors read it.
    terminal.out(error.message);
    return exitCodeOf(error);
  }
}
