import type { OptionProblem } from '../../lib/option-types.ts';
import { sizeOf } from '../binary/binary.ts';
import { registerCount } from '../commands/register-write.ts';
import type { AnswerOptions, CommandOptions } from './command-options.ts';
import type { ExampleOptions } from './example-options.ts';
import { expressionFault, textFault, unknownWord } from './fault-words.ts';
import type { ProfileOptions } from './options.ts';
import { patternFault } from './topic-pattern.ts';

type Key = keyof CommandOptions;
type Tell = (path: OptionProblem['path'], message: string | undefined) => void;

const ways = ['topic', 'register', 'write', 'send', 'sendHex'] as const satisfies readonly Key[];
type Way = (typeof ways)[number];

/** Keys that mean something with some ways only. */
const onlyFor: readonly (readonly [key: Key, ways: readonly Way[]])[] = [
  ['function', ['register', 'write']],
  ['type', ['sendHex']],
  ['order', ['sendHex']],
  ['length', ['sendHex']],
  ['checksum', ['send', 'sendHex']],
  ['answer', ['send', 'sendHex']],
];

/** What is wrong with a command although each value is right by itself. */
export function commandFaults(command: CommandOptions, profile: ProfileOptions): OptionProblem[] {
  const problems: OptionProblem[] = [];
  const tell: Tell = (path, message) => {
    if (message !== undefined) problems.push({ path, message });
  };
  const given = ways.filter((way) => command[way] !== undefined);
  const [way] = given;
  const quoted = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');
  if (way === undefined || given.length > 1) {
    tell(
      [],
      `needs one of ${quoted(ways)}: how the device is told${given.length > 1 ? `, not ${quoted(given)}` : ''}.`,
    );
    return problems;
  }
  for (const [key, allowed] of onlyFor) {
    if (command[key] !== undefined && !allowed.includes(way)) tell([key], `is only for ${quoted(allowed)}.`);
  }
  tell(['topic'], textFault(command.topic, patternFault));
  const { range } = command;
  if (range !== undefined && range[0]! > range[1]!)
    tell(['range'], `is from ${range[0]} to ${range[1]}: the smaller number comes first.`);
  if (way === 'send' || way === 'sendHex') serialFaults(command, profile, tell);
  if (way === 'register' || way === 'write') modbusFaults(command, profile, tell);
  return problems;
}

function serialFaults(command: CommandOptions, { framing }: ProfileOptions, tell: Tell): void {
  const { send, sendHex, checksum, answer, type = 'uint8', length } = command;
  if (framing === undefined) tell([], 'is for a serial line, but the profile has no `framing`.');
  const key = send === undefined ? 'sendHex' : 'send';
  const count = ((send ?? sendHex)!.match(/\{checksum\}/g) ?? []).length;
  if (count > 0 && checksum === undefined) tell([key], 'has {checksum}, but there is no `checksum` that says which.');
  if (count > 1) tell([key], 'has {checksum} more than once.');
  if (send !== undefined && checksum !== undefined && count === 0)
    tell(['checksum'], 'needs a place in `send`: {checksum}.');
  if (send !== undefined && /[{}]/.test(send.replace(/\{[^{}]+\}/g, '')))
    tell(['send'], 'has braces that do not belong together.');
  if (sendHex?.includes('{value}') && type !== 'text' && type !== 'hex' && sizeOf(type, length) === undefined)
    tell(['type'], `is "${type}", which needs a \`length\` in bytes.`);
  if (answer === undefined) return;
  recognisedFaults(answer, ['answer'], tell);
  if (answer.failed !== undefined) recognisedFaults(answer.failed, ['answer', 'failed'], tell);
}

function recognisedFaults(
  { pattern, text, hex }: NonNullable<AnswerOptions['failed']>,
  path: readonly string[],
  tell: Tell,
): void {
  if ([pattern, text, hex].filter((one) => one !== undefined).length !== 1)
    tell(path, 'needs one of `pattern`, `text` and `hex`: by what the frame is known.');
  tell([...path, 'pattern'], textFault(pattern, expressionFault));
}

function modbusFaults({ register, write, ...command }: CommandOptions, { modbus }: ProfileOptions, tell: Tell): void {
  if (modbus === undefined) {
    tell([], 'is for Modbus, but the profile has no `modbus`.');
    return;
  }
  const names = modbus.registers.map(({ name }) => name);
  const found = modbus.registers.find(({ name }) => name === register);
  if (register !== undefined && found === undefined)
    tell(['register'], `is "${register}", but ${unknownWord(register, names, 'register')}`);
  if (found?.table === 'input' || found?.table === 'discrete')
    tell(['register'], `is "${register}", which can only be read: it is in the table ${found.table}.`);
  if (found?.mask !== undefined)
    tell(['register'], `is "${register}", which has a \`mask\`: to write it would change the other bits too.`);
  if (found?.exponentAt !== undefined)
    tell(['register'], `is "${register}", whose power of ten is only known once it was read.`);
  const target = write ?? found;
  if (target === undefined) return;
  const { table = 'holding', type = 'uint16', length } = target;
  if (write !== undefined && sizeOf(type, length) === undefined)
    tell(['write', 'type'], `is "${type}", which needs a \`length\` in bytes.`);
  if (write !== undefined && table === 'coil') {
    for (const key of ['type', 'order', 'length', 'scale', 'offset', 'words'] as const)
      if (write[key] !== undefined) tell(['write', key], 'is not for a coil, which is true or false.');
  }
  const count = table === 'coil' ? 1 : registerCount(target);
  if (command.function === 'single' && count > 1)
    tell(['function'], `is "single", but the value takes ${count} registers: only "multiple" writes them at once.`);
  if (count > 123) tell(write === undefined ? ['register'] : ['write', 'length'], 'takes more than 123 registers.');
}

/** What only an example of a command has. */
export const ofCommands = [
  'value',
  'publishes',
  'sends',
  'sendsHex',
  'refused',
  'answers',
] as const satisfies readonly (keyof ExampleOptions)[];

/** What is wrong with an example of a command. */
export function commandExampleFaults(example: ExampleOptions, commands: readonly CommandOptions[]): OptionProblem[] {
  const { command = '', payload, payloadHex, publishes, sends, sendsHex, refused, answers } = example;
  const names = commands.map(({ name }) => name);
  const found = commands.find(({ name }) => name === command);
  if (found === undefined)
    return [{ path: ['command'], message: `is "${command}", but ${unknownWord(command, names, 'command')}` }];
  if ([publishes, sends, sendsHex, refused].filter((one) => one !== undefined).length !== 1)
    return [
      { path: [], message: 'needs one of `publishes`, `sends`, `sendsHex` and `refused`: what comes of the command.' },
    ];
  if (payload !== undefined && payloadHex !== undefined)
    return [{ path: ['payloadHex'], message: 'stands beside `payload`: say the answer with one of the two.' }];
  const hasAnswer = payload !== undefined || payloadHex !== undefined;
  if (hasAnswer !== (answers !== undefined))
    return [
      { path: [], message: 'needs both the answer, as `payload` or `payloadHex`, and what it says, as `answers`.' },
    ];
  if (hasAnswer && found.answer === undefined)
    return [{ path: ['answers'], message: `can't be: the command ${command} has no \`answer\`.` }];
  return [];
}
