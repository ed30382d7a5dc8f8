import type { OptionProblem } from '../../lib/option-types.ts';
import { topicFilterFault } from '../../lib/topic-filter.ts';
import type { BridgeOptions } from './options.ts';

/** What is wrong with one bridge, from the bridge's own keys on. */
type Found = readonly [path: readonly (string | number)[], message: string];

/** Where bridges contradict themselves or one another, each in a sentence. What the schema refused is absent. */
export function bridgeFaults(bridges: readonly (Partial<BridgeOptions> | undefined)[]): OptionProblem[] {
  const names = new Set<string>();
  const prefixes = new Map<string, string>();
  return bridges.flatMap((bridge, index) => {
    if (bridge === undefined) return [];
    const found = [...namingFaults(bridge, names, prefixes), ...ownFaults(bridge), ...topicFaults(bridge)];
    return found.map(([path, message]) => ({ path: [index, ...path], message }));
  });
}

function* namingFaults(
  { name, prefix = '' }: Partial<BridgeOptions>,
  names: Set<string>,
  prefixes: Map<string, string>,
): Generator<Found> {
  if (name === undefined) return;
  if (names.has(name)) {
    yield [['name'], `is ${JSON.stringify(name)}, as is a bridge before it; give each bridge a name of its own.`];
    return;
  }
  names.add(name);
  if (/[+#\0]/.test(prefix))
    yield [['prefix'], `is ${JSON.stringify(prefix)}, but a topic can hold neither \`+\`, \`#\` nor a NUL character.`];
  const other = prefixes.get(prefix);
  if (other !== undefined) {
    const said = prefix === '' ? 'no `prefix`' : `the \`prefix\` ${JSON.stringify(prefix)}`;
    yield [
      ['prefix'],
      `would let devices of the bridges ${other} and ${name} that have the same topic be one, as both have ${said}; give each bridge its own.`,
    ];
  }
  prefixes.set(prefix, name);
}

function* ownFaults({ url, tls, username, password, passwordFile }: Partial<BridgeOptions>): Generator<Found> {
  const fault = url === undefined ? undefined : brokerUrlFault(url);
  if (fault !== undefined) yield [['url'], `is not usable: ${fault}.`];
  if (password !== undefined && passwordFile !== undefined)
    yield [['password'], 'is given, and `passwordFile` too; take one of them away.'];
  if ((password ?? passwordFile) !== undefined && username === undefined)
    yield [['username'], 'must be given where there is a password: MQTT has none without a user.'];
  if ((tls?.certificate === undefined) !== (tls?.key === undefined))
    yield [['tls'], 'has one of `certificate` and `key`, but one is of no use without the other.'];
}

function* topicFaults({ topics = [] }: Partial<BridgeOptions>): Generator<Found> {
  const filters = new Set<string>();
  for (const [index, topic] of topics.entries()) {
    const filter = topic?.filter;
    if (filter === undefined) continue;
    const fault = topicFilterFault(filter);
    if (fault !== undefined) yield [['topics', index, 'filter'], `is ${JSON.stringify(filter)}, ${fault}.`];
    if (filters.has(filter)) yield [['topics', index, 'filter'], `is ${JSON.stringify(filter)}, as is one before it.`];
    filters.add(filter);
  }
}

/** Why a text can't be a broker's URL; undefined when it can. The text itself may hold a password: it is not shown. */
function brokerUrlFault(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^(mqtts?|wss?):$/.test(url.protocol) || url.hostname === '')
    return 'it must be a URL such as mqtt://broker.example.org:1883 or, with TLS, mqtts://…';
  if (url.username !== '' || url.password !== '')
    return 'a name and a password in it would be shown; say them with `username` and `passwordFile`';
  return undefined;
}
