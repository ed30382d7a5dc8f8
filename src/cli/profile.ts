import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { HeadgateError } from '../core/errors.ts';
import { nameOf, readProfileFile, readProfiles } from '../profiles/directory.ts';
import { mismatches } from '../profiles/examples.ts';
import { draftProfile } from '../profiles/language/draft.ts';
import type { LoadedProfile } from '../profiles/language/load.ts';
import { loadLibrary } from '../profiles/library.ts';
import { withOwn } from '../profiles/own-profiles.ts';
import { isProfileName } from '../profiles/workbench.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { bytesOf } from './captured.ts';
import { configOf, configOptions } from './config-options.ts';
import { postForJson, urlOf, urlOption } from './gateway-client.ts';
import type { Terminal } from './terminal.ts';

const listUsage = {
  verb: 'profile list',
  about: 'Lists the device profiles that are known.',
  options: { json: { about: 'As JSON.' }, ...configOptions },
} as const satisfies Usage;

const testUsage = {
  verb: 'profile test',
  about: 'Checks profiles and runs their examples: a file, a directory, or all that come with Headgate and your own.',
  operands: '[PATH]',
  options: { ...configOptions },
} as const satisfies Usage;

const newUsage = {
  verb: 'profile new',
  about: 'Drafts a profile from one message of a device.',
  operands: 'VENDOR/MODEL',
  options: {
    topic: { value: 'TOPIC', about: 'The topic that the message came on.' },
    payload: { value: 'TEXT', about: 'Its payload as text (UTF-8), or' },
    'payload-hex': { value: 'HEX', about: 'as pairs of hexadecimal digits.' },
    device: { value: 'LEVEL', about: 'Which level of the topic names the device, from 1. Default: the likeliest.' },
  },
} as const satisfies Usage;

const reloadUsage = {
  verb: 'profile reload',
  about: 'Has a running gateway read its profiles again. One that is wrong stays as it was.',
  options: { ...urlOption },
} as const satisfies Usage;

/** `headgate profile list|test|new|reload`. */
export async function profile(args: string[], terminal: Terminal): Promise<number> {
  const [verb, ...rest] = args;
  if (verb === 'list') return list(rest, terminal);
  if (verb === 'test') return testProfiles(rest, terminal);
  if (verb === 'new') return draft(rest, terminal);
  if (verb === 'reload') return await reload(rest, terminal);
  if (verb === undefined || verb === '--help' || verb === '-h') {
    terminal.out([listUsage, testUsage, newUsage, reloadUsage].map((usage) => helpText(usage)).join('\n\n'));
    return 0;
  }
  throw new HeadgateError(
    'usage.invalid',
    `There is no \`headgate profile ${verb}\`; there are list, test, new and reload.`,
  );
}

async function reload(args: string[], terminal: Terminal): Promise<number> {
  const { values, isHelp } = parseArguments(reloadUsage, args);
  if (isHelp) {
    terminal.out(helpText(reloadUsage));
    return 0;
  }
  const { changed, errors } = await postForJson(await urlOf(reloadUsage, values.url), '/api/v1/profiles/reload', {});
  for (const error of errors as string[]) terminal.out(error);
  const names = changed as string[];
  terminal.err(names.length === 0 ? 'No profile has changed.' : `Changed: ${names.join(', ')}.`);
  return (errors as string[]).length > 0 ? 78 : 0;
}

function list(args: string[], terminal: Terminal): number {
  const { values, isHelp } = parseArguments(listUsage, args);
  if (isHelp) {
    terminal.out(helpText(listUsage));
    return 0;
  }
  const { profiles, errors } = loadLibrary(withOwn(configOf(values, terminal)).profileDirs);
  for (const error of errors) terminal.err(error);
  const rows = [...profiles].sort(([a], [b]) => (a < b ? -1 : 1));
  if (values.json) {
    const all = rows.map(([name, { options, origin }]) => ({
      name,
      title: options.name,
      version: options.version,
      origin,
    }));
    terminal.out(JSON.stringify(all, undefined, 2));
    return 0;
  }
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, { options }] of rows) terminal.out(`${name.padEnd(width)}  ${options.name}`);
  return 0;
}

function testProfiles(args: string[], terminal: Terminal): number {
  const { values, operands, isHelp } = parseArguments(testUsage, args);
  if (isHelp) {
    terminal.out(helpText(testUsage));
    return 0;
  }
  if (operands.length > 1) throw wrong(testUsage, 'only one file or directory can be tested at a time.');
  const places =
    operands.length === 1
      ? [operands[0]!]
      : [join(import.meta.dirname, '../../devices'), ...withOwn(configOf(values, terminal)).profileDirs];
  let wrongs = 0;
  let failures = 0;
  let profiles = 0;
  let examples = 0;
  for (const place of places) {
    const found = profilesAt(place);
    for (const line of found.errors) terminal.out(line);
    wrongs += found.errors.length;
    for (const [file, loaded] of found.profiles) {
      profiles++;
      examples += loaded.options.examples.length;
      const lines = failuresOf(file, loaded);
      for (const line of lines) terminal.out(line);
      failures += lines.length;
    }
  }
  const summary = `${count(profiles, 'profile')}, ${count(examples, 'example')}`;
  if (wrongs + failures === 0) terminal.out(`${summary}: all are right.`);
  else
    terminal.err(`${summary}: ${count(wrongs, 'mistake')} in profiles, ${count(failures, 'example')} not as they say.`);
  return wrongs > 0 ? 78 : failures > 0 ? 1 : 0;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function failuresOf(file: string, loaded: LoadedProfile): string[] {
  const { options, where } = loaded;
  return options.examples.flatMap((example, index) => {
    const place = where({ path: ['examples', index], at: 'value' });
    const what = example.about === undefined ? `example ${index + 1}` : `example ${index + 1} (${example.about})`;
    return mismatches(loaded, example).map((fault) => `${place ?? file}: ${what}: ${fault}.`);
  });
}

/** By file. @throws {HeadgateError} config.unreadable */
function profilesAt(path: string): {
  readonly profiles: Map<string, LoadedProfile>;
  readonly errors: readonly string[];
} {
  if (!existsSync(path)) throw new HeadgateError('config.unreadable', `There is no profile at ${path}.`);
  const shown = relative('.', resolve(path)) || '.';
  if (statSync(path).isDirectory()) {
    const { profiles, errors } = readProfiles(path, shown);
    return { profiles: new Map([...profiles].map(([name, loaded]) => [join(shown, `${name}.yaml`), loaded])), errors };
  }
  const name = nameOf(join(basename(dirname(resolve(path))), basename(path)));
  const read = readProfileFile(path, name, shown);
  return 'errors' in read
    ? { profiles: new Map(), errors: read.errors }
    : { profiles: new Map([[shown, read]]), errors: [] };
}

function draft(args: string[], terminal: Terminal): number {
  const { values, operands, isHelp } = parseArguments(newUsage, args);
  if (isHelp) {
    terminal.out(helpText(newUsage));
    return 0;
  }
  const { topic, payload: text, 'payload-hex': hex, device } = values;
  const [name = ''] = operands;
  if (!isProfileName(name)) throw wrong(newUsage, 'its name is needed, VENDOR/MODEL in small letters: acme/th-10.');
  if (topic === undefined || topic === '') throw wrong(newUsage, '--topic TOPIC is needed.');
  if ((text === undefined) === (hex === undefined))
    throw wrong(newUsage, 'one of --payload TEXT and --payload-hex HEX is needed.');
  const levels = topic.split('/').length;
  const level = device === undefined ? undefined : Number(device);
  if (level !== undefined && !(Number.isInteger(level) && level >= 1 && level <= levels))
    throw wrong(newUsage, `--device takes a level of the topic, from 1 to ${levels}, not ${device}.`);
  const payload = text === undefined ? bytesOf(newUsage, hex ?? '') : new TextEncoder().encode(text);
  terminal.out(draftProfile({ name, topic, payload, deviceLevel: level }).trimEnd());
  terminal.err(`Write it to ${name}.yaml, and try it with \`headgate profile test ${name}.yaml\`.`);
  return 0;
}
