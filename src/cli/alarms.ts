import type { AlarmView } from '../alarms/alarm.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { ask, noGateway, urlOf, urlOption } from './gateway-client.ts';
import { printable, tableOf } from './table.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'alarms',
  about:
    'Shows the alarms of a running gateway, the newest first, or all that is known of one. Whoever knows of one says\n' +
    'so with --acknowledge.',
  operands: '[ID]',
  options: {
    state: {
      value: 'STATE',
      about: 'open (active and acknowledged, the default), active, acknowledged, pending, history or all.',
    },
    severity: { value: 'SEVERITY', about: 'Only info, warning or critical; several by commas.' },
    device: { value: 'ID', about: 'Only those of a device.' },
    acknowledge: { about: 'Say that one knows of the alarm.' },
    note: { value: 'TEXT', about: 'With --acknowledge: what there is to say.' },
    ...urlOption,
    json: { about: 'Print what the gateway says as JSON.' },
  },
} as const satisfies Usage;

const path = '/api/v1/alarms';
const filters = ['state', 'severity', 'device'] as const;
const pageSize = '1000';

/** `headgate alarms [ID]`: what is wrong, and who knows. */
export async function alarms(args: string[], terminal: Terminal): Promise<number> {
  const { values, operands, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const [id, ...more] = operands;
  if (more.length > 0) throw wrong(usage, 'Name one alarm.');
  const { acknowledge, note, json } = values;
  const url = await urlOf(usage, values.url);
  if (note !== undefined && !acknowledge) throw wrong(usage, '--note goes with --acknowledge.');
  if (id === undefined) {
    if (acknowledge) throw wrong(usage, 'Name the alarm that is meant.');
    const query = new URLSearchParams({ limit: pageSize });
    for (const name of filters) if (values[name] !== undefined) query.set(name, values[name]);
    const found = await allOf(url, query);
    terminal.out(json ? JSON.stringify({ alarms: found }, undefined, 2) : alarmsText(found).join('\n'));
    return 0;
  }
  const filter = filters.find((one) => values[one] !== undefined);
  if (filter !== undefined) throw wrong(usage, `--${filter} goes without an alarm.`);
  const one = `${path}/${encodeURIComponent(id)}`;
  const found = acknowledge
    ? await ask(url, 'POST', `${one}/acknowledge`, note === undefined ? {} : { note })
    : await ask(url, 'GET', one);
  if (!isAlarm(found)) throw noGateway(url, 'something that is no alarm');
  terminal.out(json ? JSON.stringify(found, undefined, 2) : alarmText(found).join('\n'));
  return 0;
}

/** Every page. */
async function allOf(url: string, query: URLSearchParams): Promise<AlarmView[]> {
  const found: AlarmView[] = [];
  for (let next: unknown = ''; typeof next === 'string'; ) {
    if (next !== '') query.set('after', next);
    const page = await ask(url, 'GET', `${path}?${query}`);
    if (!Array.isArray(page?.alarms)) throw noGateway(url, 'something that is no list of alarms');
    found.push(...(page.alarms as AlarmView[]));
    next = page.next;
  }
  return found;
}

function alarmsText(all: readonly AlarmView[]): string[] {
  if (all.length === 0) return ['No alarm.'];
  const rows = all.map(({ id, severity, state, since, raisedAt, device, name, acknowledgedBy }) => {
    const known = acknowledgedBy === null ? '' : ` (${printable(acknowledgedBy)})`;
    return [id, severity, state, raisedAt ?? since, printable(device ?? '-'), `${printable(name)}${known}`];
  });
  return tableOf(['ALARM', 'SEVERITY', 'STATE', 'SINCE', 'DEVICE', 'NAME'], rows);
}

function alarmText(alarm: AlarmView): string[] {
  const { acknowledgedAt, acknowledgedBy, note, clearedAt, clearedBecause, value, unit } = alarm;
  const rows: (readonly [name: string, text: string])[] = [
    ['Alarm', alarm.id],
    ['Name', alarm.name],
    ['State', `${alarm.state}, ${alarm.severity}${alarm.isFlapping ? ', flapping' : ''}`],
    ['Raised', alarm.raisedAt ?? 'not yet'],
    ['Text', alarm.text],
    ['Device', alarm.device ?? ''],
    ['Value', value === null ? '' : `${value}${unit === null ? '' : ` ${unit}`}`],
    ['Rule', `${alarm.rule}${alarm.origin === 'built-in' ? ', built in' : ''}: ${alarm.limit}`],
    ['Known', acknowledgedAt === null ? '' : `to ${acknowledgedBy} since ${acknowledgedAt}`],
    ['Note', note ?? ''],
    ['Over', clearedAt === null ? '' : `since ${clearedAt}: ${clearedBecause}`],
  ];
  return rows.flatMap(([name, text]) => (text === '' ? [] : [`${name.padEnd(8)}${printable(text)}`]));
}

function isAlarm(found: Readonly<Record<string, unknown>> | undefined): found is typeof found & AlarmView {
  return found !== undefined && typeof found.id === 'string' && typeof found.severity === 'string';
}
