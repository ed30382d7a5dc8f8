import { stringifyExact } from '../lib/exact-json.ts';
import type { TopicSummary } from '../registry/topics/describe.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { ask, noGateway, postForJson, urlOf, urlOption } from './gateway-client.ts';
import type { Terminal } from './terminal.ts';
import { outcomeText, topicsText } from './topics-text.ts';

const path = '/api/v1/topics';
const pageSize = '1000';
const json = { about: 'Print what the gateway says as JSON.' };
const decideOptions = {
  'dry-run': { about: 'Only tell what would be.' },
  undo: { about: 'Take back what was decided, and recognise these topics anew.' },
  ...urlOption,
  json,
} as const;

const topicsUsage = {
  verb: 'topics',
  about:
    'Shows what comes in at a running gateway, grouped by templates, and what it may be. What nobody has decided on and\n' +
    'no profile is sure of comes first.',
  options: {
    state: { value: 'STATE', about: 'Only unknown, suggested, automatic, adopted or ignored; several by commas.' },
    text: { value: 'TEXT', about: 'Only those that have it in a topic or in the name of their profile.' },
    ...urlOption,
    json,
  },
} as const satisfies Usage;

const adoptUsage = {
  verb: 'adopt',
  about:
    'Has a running gateway decode topics by a profile, from the next message on, and shows what the last one would be.\n' +
    'TEMPLATE is a topic, or a filter with + and # as in MQTT.',
  operands: 'TEMPLATE PROFILE',
  options: {
    device: {
      value: 'DEVICE',
      about: 'How their devices are named: a name, or a pattern such as site/{device}/state.',
    },
    ...decideOptions,
  },
} as const satisfies Usage;

const ignoreUsage = {
  verb: 'ignore',
  about:
    'Has a running gateway leave topics to the general rules, without suggestions. Their messages are taken in as before.\n' +
    'TEMPLATE is a topic, or a filter with + and # as in MQTT.',
  operands: 'TEMPLATE',
  options: decideOptions,
} as const satisfies Usage;

/** `headgate topics`: what comes in. */
export async function topics(args: string[], terminal: Terminal): Promise<number> {
  const { values, isHelp } = parseArguments(topicsUsage, args);
  if (isHelp) {
    terminal.out(helpText(topicsUsage));
    return 0;
  }
  const query = new URLSearchParams({ limit: pageSize });
  for (const name of ['state', 'text'] as const) if (values[name] !== undefined) query.set(name, values[name]);
  const found = await allOf(await urlOf(topicsUsage, values.url), query);
  terminal.out(values.json ? JSON.stringify({ topics: found }, undefined, 2) : topicsText(found).join('\n'));
  return 0;
}

/** `headgate adopt TEMPLATE PROFILE`: which profile topics are of. */
export async function adopt(args: string[], terminal: Terminal): Promise<number> {
  const { values, operands, isHelp } = parseArguments(adoptUsage, args);
  if (isHelp) {
    terminal.out(helpText(adoptUsage));
    return 0;
  }
  const [template, profile, ...more] = operands;
  if (template === undefined || more.length > 0) throw wrong(adoptUsage, 'Name a template and a profile.');
  const { undo, device } = values;
  if (undo && (profile !== undefined || device !== undefined))
    throw wrong(adoptUsage, '--undo takes a template alone.');
  if (undo) return await decide('reset', { template }, values, await urlOf(adoptUsage, values.url), terminal);
  if (profile === undefined) {
    throw wrong(adoptUsage, 'Name the profile too; `headgate profile list` shows which there are.');
  }
  const body = { template, profile, ...(device !== undefined && { device }) };
  return await decide('adopt', body, values, await urlOf(adoptUsage, values.url), terminal);
}

/** `headgate ignore TEMPLATE`: which topics are left alone. */
export async function ignore(args: string[], terminal: Terminal): Promise<number> {
  const { values, operands, isHelp } = parseArguments(ignoreUsage, args);
  if (isHelp) {
    terminal.out(helpText(ignoreUsage));
    return 0;
  }
  const [template, ...more] = operands;
  if (template === undefined || more.length > 0) throw wrong(ignoreUsage, 'Name one template.');
  return await decide(
    values.undo ? 'reset' : 'ignore',
    { template },
    values,
    await urlOf(ignoreUsage, values.url),
    terminal,
  );
}

async function decide(
  what: 'adopt' | 'ignore' | 'reset',
  body: object,
  values: { readonly 'dry-run': boolean; readonly json: boolean },
  url: string,
  terminal: Terminal,
): Promise<number> {
  const found = await postForJson(url, `${path}/${what}${values['dry-run'] ? '?dryRun=true' : ''}`, body);
  if (typeof found.says !== 'string') throw noGateway(url, 'something that is no answer to this');
  terminal.out(values.json ? stringifyExact(found, 2) : outcomeText(found).join('\n'));
  return 0;
}

/** Every page. */
async function allOf(url: string, query: URLSearchParams): Promise<TopicSummary[]> {
  const found: TopicSummary[] = [];
  for (let next: unknown = ''; typeof next === 'string'; ) {
    if (next !== '') query.set('after', next);
    const page = await ask(url, 'GET', `${path}?${query}`);
    if (!Array.isArray(page?.topics)) throw noGateway(url, 'something that is no list of topics');
    found.push(...(page.topics as TopicSummary[]));
    next = page.next;
  }
  return found;
}
