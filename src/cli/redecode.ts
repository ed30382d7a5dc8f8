import { setTimeout as wait } from 'node:timers/promises';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { ask, noGateway, postForJson, urlOf, urlOption } from './gateway-client.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'redecode',
  about:
    'Has a running gateway decode messages that are still on its disk again, with the profiles as they are now, and\n' +
    'send what they say to the collector in the place of their records. Delivered records stay for `buffer.keep`.\n' +
    'It can be asked for again at any time: nothing is sent twice.',
  options: {
    profile: { value: 'PROFILE', about: 'Only what that profile decodes now; * stands for any text.' },
    topic: { value: 'FILTER', about: 'Only messages whose topic matches: + and # as in MQTT.' },
    device: { value: 'DEVICE', about: 'Only those of that device; * stands for any text.' },
    from: { value: 'TIME', about: 'Only what was taken in from then on, as in 2026-11-22T18:00:00Z.' },
    to: { value: 'TIME', about: 'Only what was taken in before then.' },
    stop: { about: 'Stop what is under way. What was sent stays sent.' },
    status: { about: 'Only tell how far it is.' },
    ...urlOption,
    json: { about: 'Print what the gateway says as JSON, at the end.' },
  },
} as const satisfies Usage;

const path = '/api/v1/profiles/redecode';
const filters = ['profile', 'topic', 'device', 'from', 'to'] as const;
/** How often it is asked how far it is, and how often that is told. */
const askMs = 250;
const tellMs = 5_000;

type Status = Readonly<Record<string, unknown>>;

/** `headgate redecode`: begins, tells how far it is, and ends with it: 1 when it came to nothing. */
export async function redecode(args: string[], terminal: Terminal): Promise<number> {
  const { values, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const { stop, status, json } = values;
  const filter = filters.find((name) => values[name] !== undefined);
  if (stop && status) throw wrong(usage, 'give --stop or --status, not both.');
  if ((stop || status) && filter !== undefined)
    throw wrong(usage, `--${filter} goes with neither --stop nor --status.`);
  const url = await urlOf(usage, values.url);
  const say = (found: Status): void => terminal.out(json ? JSON.stringify(found, undefined, 2) : textOf(found));
  if (stop || status) {
    const found = await ask(url, stop ? 'DELETE' : 'GET', path);
    if (found === undefined) throw noGateway(url, 'nothing');
    say(found);
    return 0;
  }
  const body = Object.fromEntries(filters.map((name) => [name, values[name]]));
  let found: Status = await postForJson(url, path, body);
  const { startedAt } = found;
  for (let toldMs = 0; found.state === 'running' || found.state === 'waiting'; toldMs += askMs) {
    if (toldMs >= tellMs && !json) {
      terminal.out(textOf(found));
      toldMs = 0;
    }
    await wait(askMs);
    const next = await ask(url, 'GET', path);
    // Somebody has begun another one since, or the gateway has been started again.
    if (next === undefined || next.startedAt !== startedAt) throw noGateway(url, 'nothing of this run any more');
    found = next;
  }
  say(found);
  return found.state === 'done' ? 0 : 1;
}

/** In words: `Done: 1,200 messages decoded again, 1,150 of them sent anew as 1,150 records; 50 still can't be read.` */
function textOf(found: Status): string {
  const count = (name: string): string => Number(found[name] ?? 0).toLocaleString('en-US');
  const has = (name: string): boolean => Number(found[name] ?? 0) > 0;
  const rest = [
    has('unchanged') && `${count('unchanged')} say what their records say`,
    has('already') && `${count('already')} were sent before`,
    has('unreadable') && `${count('unreadable')} have no values`,
    has('notForwarded') && `${count('notForwarded')} are not forwarded`,
  ].filter((text) => text !== false);
  const head = headOf(found);
  if (found.state === 'idle') return head;
  const main = `${count('messages')} messages decoded again, ${count('superseded')} of them sent anew as ${count('records')} records`;
  return `${head}: ${[main, ...rest].join('; ')}.`;
}

function headOf({ state, reason, through }: Status): string {
  switch (state) {
    case 'idle':
      return 'Nothing has been decoded again since the gateway was started.';
    case 'done':
      return 'Done';
    case 'stopped':
      return 'Stopped';
    case 'failed':
      return `Failed, as ${reason}`;
    case 'waiting':
      return `Waiting, as ${reason}`;
    default:
      return typeof through === 'string' ? `Through ${through}` : 'Running';
  }
}
