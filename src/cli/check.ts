import { RuleBook } from '../admission/rule-book.ts';
import { describeConfig } from '../config/describe.ts';
import { configFile } from '../config/load.ts';
import { configNode } from '../config/node.ts';
import { loadWithRemote } from '../config/remote.ts';
import type { Config } from '../config/schema.ts';
import { HeadgateError } from '../core/errors.ts';
import type { Message } from '../core/message.ts';
import { ProfileDecoder } from '../profiles/decoder.ts';
import { compiledIn, profilesFor } from '../profiles/library.ts';
import { withOwn } from '../profiles/own-profiles.ts';
import { profilesOfUnits } from '../sources/modbus/bus-profiles.ts';
import { profilesOfPorts } from '../sources/serial/port-profiles.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { configOptions, sourcesOf } from './config-options.ts';
import { exitCodeOf } from './failure.ts';
import { lineProfileFaults } from './line-profiles.ts';
import { explanationText, rulesText } from './rules-text.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'check',
  about:
    'Tells whether the configuration is right, with `file:line:col: message` for what is not, and which rules hold.',
  operands: '[FILE]',
  options: {
    ...configOptions,
    topic: { value: 'TOPIC', about: 'Say which QoS rule holds for a message with this topic, and why.' },
    payload: { value: 'TEXT', about: 'What the message says, for rules that ask for a field.' },
    'mqtt-qos': { value: 'N', about: 'The quality of service it is published with: 0, 1 or 2. Default: 1.' },
    source: { value: 'SOURCE', about: 'The way it comes in. Default: mqtt.' },
    json: { about: 'Print the configuration (with --topic: the rules and what holds) as JSON, without secrets.' },
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
  const message = messageOf(values);
  const given = { ...values, config: values.config ?? operands[0] };
  try {
    const sources = sourcesOf(given, terminal);
    const { config, remoteFile, problem } = loadWithRemote(sources);
    if (problem !== undefined) throw new HeadgateError('config.invalid', problem);
    const library = profilesFor(withOwn(config));
    const errors = [...library.errors, ...lineProfileFaults(config, library)];
    if (errors.length > 0) throw new HeadgateError('config.invalid', errors.join('\n'));
    const file = configFile(sources) ?? 'The configuration (defaults, environment and --set)';
    const name = remoteFile === undefined ? file : `${file}, with what the collector has set (${remoteFile}),`;
    // With --json the answer is the configuration, and the sentence must not stand in a program's way.
    const answer = values.json ? jsonAnswer(config, message) : textAnswer(config, message);
    if (values.json) terminal.err(`${name} is right.`);
    terminal.out(values.json ? answer : `${name} is right.\n\n${answer}`);
    return 0;
  } catch (error) {
    if (!(error instanceof HeadgateError) || error.code !== 'config.invalid') throw error;
    // What is wrong is what was asked for: it goes to standard output, one line each, as editors read it.
    terminal.out(error.message);
    return exitCodeOf(error);
  }
}

/** The message that is asked about; undefined when none is. */
function messageOf(values: {
  readonly topic: string | undefined;
  readonly payload: string | undefined;
  readonly 'mqtt-qos': string | undefined;
  readonly source: string | undefined;
}): Message | undefined {
  const { topic, payload = '', source = 'mqtt', 'mqtt-qos': qos = source === 'mqtt' ? '1' : undefined } = values;
  if (topic === undefined) {
    const stray = (['payload', 'mqtt-qos', 'source'] as const).find((name) => values[name] !== undefined);
    if (stray !== undefined) throw wrong(usage, `--${stray} says more of a message, so --topic TOPIC is needed too.`);
    return undefined;
  }
  if (topic === '' || /[#+]/.test(topic))
    throw wrong(usage, '--topic takes the topic of one message, without # and +.');
  if (qos !== undefined && !/^[012]$/.test(qos)) throw wrong(usage, `--mqtt-qos takes 0, 1 or 2, not ${qos}.`);
  const mqttQos = qos === undefined ? {} : { mqttQos: Number(qos) as 0 | 1 | 2 };
  return { source, topic, payload: new TextEncoder().encode(payload), ...mqttQos };
}

function jsonAnswer(config: Config, message: Message | undefined): string {
  const answer = message === undefined ? describeConfig(configNode, config) : asked(config, message);
  return JSON.stringify(answer, undefined, 2);
}

function textAnswer(config: Config, message: Message | undefined): string {
  const rules = rulesText(new RuleBook(config.rules).describe());
  return message === undefined ? rules : `${rules}\n\n${explanationText(asked(config, message))}`;
}

/** What is to be known of one message: what the gateway would see in it, and what holds for it. */
function asked(config: Config, message: Message) {
  const { rules, serial, modbus } = config;
  const options = withOwn(config);
  const book = new RuleBook(rules);
  const profiles = compiledIn(profilesFor(options));
  const lines = { portProfile: profilesOfPorts(serial), unitProfile: profilesOfUnits(modbus) };
  const decoder = new ProfileDecoder({ options, profiles, ...lines });
  const decoded = decoder.decode(message, Date.now());
  const { explanation, others, ...seen } = book.explainMessage(message, decoded);
  const { source, topic, mqttQos = null } = message;
  return {
    message: { source, topic, mqttQos, ...seen },
    explanation,
    others,
    rules: book.describe(),
  };
}
