import { stringifyExact } from '../lib/exact-json.ts';
import type { DeviceDescription, DeviceSummary } from '../registry/describe.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { devicesText, deviceText } from './devices-text.ts';
import { ask, noGateway, urlOf, urlOption } from './gateway-client.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'devices',
  about:
    'Shows the devices that a running gateway knows, or all that it knows of one. What changes a device is for\n' +
    'callers on the gateway itself.',
  operands: '[ID]',
  options: {
    presence: { value: 'PRESENCE', about: 'Only those that are online, stale, offline or unknown; several by commas.' },
    profile: { value: 'PROFILE', about: 'Only those of a profile, or of all of a vendor’s.' },
    text: { value: 'TEXT', about: 'Only those that have it in their id or name.' },
    ignored: { about: 'Those that are ignored, instead of all others.' },
    name: { value: 'NAME', about: 'Give the device this name; an empty one takes it away.' },
    ignore: { about: 'Leave the device out of lists, counts and reports. Its records are taken in as before.' },
    heed: { about: 'No longer ignore it.' },
    forget: { about: 'Forget the device. If it is heard again, it is a new one.' },
    ...urlOption,
    json: { about: 'Print what the gateway says as JSON.' },
  },
} as const satisfies Usage;

const path = '/api/v1/devices';
const filters = ['presence', 'profile', 'text'] as const;
const pageSize = '1000';

/** `headgate devices [ID]`: who there is, and what people say of them. */
export async function devices(args: string[], terminal: Terminal): Promise<number> {
  const { values, operands, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const [id, ...more] = operands;
  if (more.length > 0) throw wrong(usage, 'Name one device; put an id with spaces in quotes.');
  const { name, ignore, heed, forget, json } = values;
  const url = await urlOf(usage, values.url);
  if (id === undefined) {
    if (name !== undefined || ignore || heed || forget) throw wrong(usage, 'Name the device that is meant.');
    const found = await allOf(url, queryOf(values));
    terminal.out(json ? JSON.stringify({ devices: found }, undefined, 2) : devicesText(found).join('\n'));
    return 0;
  }
  const filter = [...filters, 'ignored' as const].find((one) => values[one] !== undefined && values[one] !== false);
  if (filter !== undefined) throw wrong(usage, `--${filter} goes without a device.`);
  if (ignore && heed) throw wrong(usage, 'give --ignore or --heed, not both.');
  if (forget && (ignore || heed || name !== undefined)) throw wrong(usage, '--forget goes alone.');
  const one = `${path}/${encodeURIComponent(id)}`;
  if (forget) {
    await ask(url, 'DELETE', one);
    terminal.out(json ? JSON.stringify({ forgotten: id }) : `${id} is forgotten.`);
    return 0;
  }
  const change = {
    ...(name !== undefined && { name: name === '' ? null : name }),
    ...((ignore || heed) && { isIgnored: ignore }),
  };
  const isChange = Object.keys(change).length > 0;
  const found = isChange ? await ask(url, 'PATCH', one, change) : await ask(url, 'GET', one);
  if (!isDevice(found)) throw noGateway(url, 'something that is no device');
  terminal.out(json ? stringifyExact(found, 2) : deviceText(found).join('\n'));
  return 0;
}

type Asked = Readonly<Record<(typeof filters)[number], string | undefined>> & { readonly ignored: boolean };

function queryOf(values: Asked): URLSearchParams {
  const query = new URLSearchParams({ limit: pageSize, ignored: String(values.ignored) });
  for (const name of filters) if (values[name] !== undefined) query.set(name, values[name]);
  return query;
}

/** Every page. */
async function allOf(url: string, query: URLSearchParams): Promise<DeviceSummary[]> {
  const found: DeviceSummary[] = [];
  for (let next: unknown = ''; typeof next === 'string'; ) {
    if (next !== '') query.set('after', next);
    const page = await ask(url, 'GET', `${path}?${query}`);
    if (!Array.isArray(page?.devices)) throw noGateway(url, 'something that is no list of devices');
    found.push(...(page.devices as DeviceSummary[]));
    next = page.next;
  }
  return found;
}

function isDevice(found: Readonly<Record<string, unknown>> | undefined): found is typeof found & DeviceDescription {
  return found !== undefined && typeof found.id === 'string' && Array.isArray(found.fields);
}
