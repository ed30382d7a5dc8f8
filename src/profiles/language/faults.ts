import { unitCodes, unitOf } from '../../core/measure-units.ts';
import type { OptionProblem } from '../../lib/option-types.ts';
import { sizeOf } from '../binary/binary.ts';
import { framingProblems } from '../framing/option-checks.ts';
import type { ModbusOptions } from '../modbus/options.ts';
import { commandExampleFaults, commandFaults, ofCommands } from './command-faults.ts';
import type { ExampleOptions } from './example-options.ts';
import { expressionFault, textFault, unknownWord } from './fault-words.ts';
import { lineFaults } from './line-faults.ts';
import type { FieldOptions, MessageOptions, ProfileOptions } from './options.ts';
import { templateFault } from './template.ts';
import { isZone } from './time.ts';
import { patternFault } from './topic-pattern.ts';
import { isBytesWriting } from './written-bytes.ts';

type Path = readonly (string | number)[];

/** What is wrong with a profile although each value is right by itself. @param codecs names of the codecs that there are */
export function profileFaults(profile: ProfileOptions, codecs: readonly string[]): OptionProblem[] {
  const problems: OptionProblem[] = [];
  const tell = (path: Path, message: string | undefined): void => {
    if (message !== undefined) problems.push({ path, message });
  };
  for (const [key, text] of Object.entries(profile.device ?? {})) tell(['device', key], textFault(text, templateFault));
  if (profile.framing !== undefined) {
    for (const { path, message } of framingProblems(profile.framing)) tell(['framing', ...path], message);
  }
  for (const { path, message } of lineFaults(profile)) tell(path, message);
  if (profile.messages === undefined && profile.modbus === undefined)
    tell([], 'needs `messages`, or `modbus` for a Modbus device.');
  if (profile.modbus !== undefined) {
    if (profile.framing !== undefined) tell(['framing'], 'is not for Modbus, which has its own.');
    for (const { path, message } of modbusFaults(profile.modbus)) tell(['modbus', ...path], message);
  }
  for (const [index, message] of (profile.messages ?? []).entries()) {
    for (const { path, message: text } of messageFaults(message, codecs)) tell(['messages', index, ...path], text);
  }
  for (const [index, command] of (profile.commands ?? []).entries()) {
    for (const { path, message } of commandFaults(command, profile)) tell(['commands', index, ...path], message);
  }
  for (const [index, example] of (profile.examples ?? []).entries()) {
    for (const { path, message } of exampleFaults(example, profile)) tell(['examples', index, ...path], message);
  }
  return problems;
}

function messageFaults(message: MessageOptions, codecs: readonly string[]): OptionProblem[] {
  const problems: OptionProblem[] = [];
  const tell = (path: Path, text: string | undefined): void => {
    if (text !== undefined) problems.push({ path, message: text });
  };
  const { match, codec, decode, pattern, time } = message;
  for (const [index, topic] of (match?.topic ?? []).entries())
    tell(['match', 'topic', index], textFault(topic, patternFault));
  tell(['match', 'pattern'], textFault(match?.pattern, expressionFault));
  if (codec !== undefined && !codecs.includes(codec))
    tell(['codec'], `is "${codec}", but ${unknownWord(codec, codecs, 'codec')}`);
  const { nested } = message;
  if (nested?.codec !== undefined && !codecs.includes(nested.codec))
    tell(['nested', 'codec'], `is "${nested.codec}", but ${unknownWord(nested.codec, codecs, 'codec')}`);
  if (nested?.codec !== undefined && nested.fields !== undefined)
    tell(['nested', 'fields'], 'stand beside `codec`: say it with one of the two.');
  for (const [index, field] of (nested?.fields ?? []).entries()) {
    for (const problem of fieldFaults(field, true)) tell(['nested', 'fields', index, ...problem.path], problem.message);
  }
  if (message.root !== undefined && message.roots !== undefined)
    tell(['roots'], 'stands beside `root`: say it with one of the two.');
  if (codec !== undefined && decode !== undefined)
    tell(['decode'], `is "${decode}", but \`codec\` decodes it already: remove one of the two.`);
  if (decode === 'text' && pattern === undefined) tell(['decode'], 'is "text", which needs a `pattern`.');
  tell(['pattern'], textFault(pattern, expressionFault));
  if (decode === 'keyvalue' && pattern !== undefined && !(/\?P?<key>/.test(pattern) && /\?P?<value>/.test(pattern)))
    tell(['pattern'], `is "${pattern}", but for \`keyvalue\` it needs the groups \`(?<key>…)\` and \`(?<value>…)\`.`);
  const isBytes = decode === 'binary' || decode === 'cbor';
  if (isBytesWriting(message.encoding) && !isBytes)
    tell(['encoding'], `is "${message.encoding}", which is for \`decode: binary\` and \`cbor\`.`);
  if (isBytes && pattern !== undefined && !(isBytesWriting(message.encoding) && /\?P?<bytes>/.test(pattern)))
    tell(
      ['pattern'],
      `is "${pattern}", but for \`${decode}\` it needs the group \`(?<bytes>…)\`, and \`encoding: hex\`.`,
    );
  if (time?.zone !== undefined && !isZone(time.zone))
    tell(
      ['time', 'zone'],
      `is "${time.zone}", but must be UTC, an offset such as +01:00, or a name such as Europe/Amsterdam.`,
    );
  for (const [key, text] of Object.entries(message.device ?? {})) tell(['device', key], textFault(text, templateFault));
  tell(['once'], textFault(message.once, templateFault));
  for (const [index, field] of (message.fields ?? []).entries()) {
    for (const problem of fieldFaults(field, decode === 'binary'))
      tell(['fields', index, ...problem.path], problem.message);
  }
  return problems;
}

const frameConditions = ['at', 'equals', 'length'];

function modbusFaults({ registers, attributes = {} }: ModbusOptions): OptionProblem[] {
  const problems: OptionProblem[] = [];
  const names = registers.map(({ name }) => name);
  for (const [index, { unit, type = 'uint16', length, range }] of registers.entries()) {
    const tell = (key: string, message: string) => problems.push({ path: ['registers', index, key], message });
    if (unit !== undefined && !unitCodes.includes(unitOf(unit) ?? ''))
      tell('unit', `is "${unit}", but ${unknownWord(unit, unitCodes, 'unit')}`);
    if (sizeOf(type, length) === undefined) tell('type', `is "${type}", which needs a \`length\` in bytes.`);
    if (range !== undefined && range[0]! > range[1]!)
      tell('range', `is from ${range[0]} to ${range[1]}: the smaller number comes first.`);
  }
  for (const [key, name] of Object.entries(attributes)) {
    if (!names.includes(name))
      problems.push({
        path: ['attributes', key],
        message: `is "${name}", but ${unknownWord(name, names, 'register')}`,
      });
  }
  return problems;
}

function fieldFaults(field: FieldOptions, isBinary: boolean): OptionProblem[] {
  const problems: OptionProblem[] = [];
  const { path, at, unit, range, type } = field;
  if (isBinary && at === undefined) problems.push({ path: [], message: 'is of a binary message, and needs `at`.' });
  if (!isBinary && at !== undefined) problems.push({ path: ['at'], message: 'is for `decode: binary` only.' });
  if (!isBinary && path === undefined) problems.push({ path: [], message: 'needs a `path`.' });
  if (isBinary && (type === 'bcd' || type === 'hex' || type === 'text') && field.length === undefined)
    problems.push({ path: ['type'], message: `is "${type}", which needs a \`length\`.` });
  const stray = isBinary ? Object.keys(field.when ?? {}).find((key) => !frameConditions.includes(key)) : undefined;
  if (stray !== undefined)
    problems.push({
      path: ['when', stray],
      message: `is none of ${frameConditions.join(', ')}, which a binary message takes.`,
    });
  if (isBinary && field.name === undefined && path === undefined)
    problems.push({ path: [], message: 'is of a binary message, and needs a `name`.' });
  if (!isBinary && type !== undefined && !['number', 'integer', 'boolean', 'text'].includes(type))
    problems.push({ path: ['type'], message: `is "${type}", which is for \`decode: binary\` only.` });
  const named = field.unitFrom?.words ?? {};
  for (const [key, text] of [
    [['unit'], unit] as const,
    ...Object.entries(named).map(([word, code]) => [['unitFrom', 'words', word], code] as const),
    ...Object.entries(field.suffix ?? {}).map(([end, code]) => [['suffix', end], code] as const),
  ]) {
    if (text === undefined || unitCodes.includes(unitOf(text) ?? '')) continue;
    problems.push({ path: key, message: `is "${text}", but ${unknownWord(text, unitCodes, 'unit')}` });
  }
  if (range !== undefined && range[0]! > range[1]!)
    problems.push({ path: ['range'], message: `is from ${range[0]} to ${range[1]}: the smaller number comes first.` });
  return problems;
}

function exampleFaults(example: ExampleOptions, { commands = [] }: ProfileOptions): OptionProblem[] {
  const { payload, payloadHex, kind, gives, command } = example;
  if (command !== undefined) return commandExampleFaults(example, commands);
  const stray = ofCommands.find((key) => example[key] !== undefined);
  if (stray !== undefined) return [{ path: [stray], message: 'is for examples of a `command`.' }];
  if ((payload === undefined) === (payloadHex === undefined))
    return [{ path: [], message: 'needs one of `payload` and `payloadHex`, or a `command`.' }];
  if (kind !== undefined && kind !== 'measurement' && gives !== undefined)
    return [{ path: ['gives'], message: `can't be: what is a ${kind} has no fields.` }];
  return [];
}
