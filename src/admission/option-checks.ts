import type { OptionProblem } from '../lib/option-types.ts';
import { topicFilterFault } from '../lib/topic-filter.ts';
import type { RuleOptions, ThinOptions } from './options.ts';

/** What is wrong with one rule, from the rule's own keys on. */
type Found = readonly [path: readonly string[], message: string];

/**
 * Where rules contradict themselves or one another, each in a sentence. Values are those of the loaded configuration;
 * what the schema already refused is absent.
 */
export function contradictions(rules: readonly (RuleOptions | undefined)[]): OptionProblem[] {
  const names = new Set<string>();
  return rules.flatMap((rule, index) => {
    // Undefined is an item that is no section at all, as the schema has said.
    if (rule === undefined) return [];
    const found = [...nameFaults(rule, names), ...matchFaults(rule), ...handlingFaults(rule), ...thinFaults(rule.thin)];
    return found.map(([path, message]) => ({ path: [index, ...path], message }));
  });
}

function* nameFaults({ name }: RuleOptions, names: Set<string>): Generator<Found> {
  if (name === undefined) return;
  const said = `is ${JSON.stringify(name)},`;
  if (names.has(name)) yield [['name'], `${said} as is a rule before it; give each rule a name of its own.`];
  names.add(name);
  if (isReserved(name)) yield [['name'], `${said} which stands for what Headgate does by itself; choose another name.`];
  if (/^\s|\s$|\p{Cc}/u.test(name))
    yield [['name'], `${said} but must neither begin nor end with a space, nor hold control characters.`];
}

/** The names of the rules that are always there, and of the lanes of reports and of what is decoded again. */
function isReserved(name: string): boolean {
  return /^(?:default(?:-.*)?|reports|redecode)$/is.test(name);
}

function* matchFaults({ match }: RuleOptions): Generator<Found> {
  if (match === undefined) return;
  if (Object.keys(match).length === 0)
    yield [['match'], 'holds no condition; take it away if the rule is meant for every message.'];
  const fault = match.topic === undefined ? undefined : topicFilterFault(match.topic);
  if (fault !== undefined) yield [['match', 'topic'], `is ${JSON.stringify(match.topic)}, ${fault}.`];
}

function* handlingFaults({ priority, durability, whenFull, ttl, maxBytes }: RuleOptions): Generator<Found> {
  if (priority === 'critical' && durability === 'memory') {
    yield [
      ['durability'],
      'is memory, but critical records must outlast the process: choose local, anywhere or relaxed.',
    ];
  } else if (durability === 'memory' && whenFull === 'block') {
    yield [
      ['whenFull'],
      'is block, for records that must not be lost, but `durability: memory` loses them when the process ends: choose dropOldest or dropNewest, or another durability.',
    ];
  }
  if (priority === 'critical' && whenFull !== undefined && whenFull !== 'block') {
    yield [
      ['whenFull'],
      `is ${whenFull}, but critical records are never dropped, their sources wait: choose block, or another priority.`,
    ];
  }
  if (ttl === 0)
    yield [['ttl'], 'is 0, with which every record would expire at once; take it away to let records wait for ever.'];
  if (maxBytes === 0)
    yield [['maxBytes'], 'is 0, which leaves no room for a single record; to store none, set `forward: false`.'];
}

function* thinFaults(thin: ThinOptions | undefined): Generator<Found> {
  if (thin === undefined) return;
  const kinds = Object.keys(thin);
  if (kinds.length !== 1) {
    const has = kinds.length === 0 ? 'says nothing' : `has ${kinds.join(' and ')}`;
    yield [['thin'], `${has}, but must be exactly one of every, deadband and onChange.`];
  }
  if (thin.every === 0) yield [['thin', 'every'], 'is 0, which leaves nothing out; give a time such as 10s.'];
  const bands = Object.entries(thin.deadband ?? {});
  if (thin.deadband !== undefined && bands.length === 0)
    yield [['thin', 'deadband'], 'names no field; write each as its name and a number, as in temperature: 0.2.'];
  for (const [field, band] of bands) {
    if (!(band > 0)) yield [['thin', 'deadband', field], `is ${band}, but a band must be more than 0.`];
  }
}
