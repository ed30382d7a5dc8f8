import type { FieldValue } from '../../core/measurement.ts';
import { yaml } from '../../lib/settings/yaml.ts';
import { parseJson, signedNumberLike, textOf } from '../json.ts';
import { flattenTree } from '../tree.ts';

export interface Captured {
  /** `vendor/model`. */
  readonly name: string;
  readonly topic: string;
  readonly payload: Uint8Array;
  /** Which level of the topic names the device, from 1. */
  readonly deviceLevel?: number | undefined;
}

/** Units that names of values usually have, by what the name ends in. */
const usualUnits: readonly (readonly [pattern: RegExp, unit: string])[] = [
  [/(temp|temperature|temp_?c|tc|dew_?point)$/i, 'Cel'],
  [/(hum|humidity|rh)$/i, '%RH'],
  [/(pressure|baro(meter)?)$/i, 'hPa'],
  [/(batt|battery|battery_?(level|percent))$/i, '%'],
  [/(volt|voltage|vcc|vbat)$/i, 'V'],
  [/(current|amps?)$/i, 'A'],
  [/(power|watts?)$/i, 'W'],
  [/(energy|kwh)$/i, 'kWh'],
  [/(co2|eco2)$/i, 'ppm'],
  [/(pm_?(1|2[._]?5|4|10)(_?0)?)$/i, 'ug/m3'],
  [/(lux|illuminance|light)$/i, 'lx'],
  [/(rssi|signal)$/i, 'dBm'],
  [/snr$/i, 'dB'],
  [/(uptime|uptime_?s(ec)?)$/i, 's'],
  [/(lat(itude)?)$/i, 'lat'],
  [/(lon|lng|longitude)$/i, 'lon'],
];
const timeNames = /^(time|timestamp|ts|date|datetime|t)$/i;
const idNames = /^(id|mac|serial|sn|devid|dev_?eui|device_?id)$/i;

/** A profile's text, as far as one message can tell it. Pure. */
export function draftProfile({ name, topic, payload, deviceLevel }: Captured): string {
  const [vendor, model] = name.split('/') as [string, string];
  const levels = topic.split('/');
  const level = deviceLevel ?? likelyDevice(levels);
  const pattern = levels.map((text, index) => (index === level - 1 ? '{device}' : text)).join('/');
  const text = textOf(payload);
  const tree = text === undefined ? undefined : parseJson(text);
  const isObject = typeof tree === 'object' && tree !== null;
  const values = isObject ? flattenTree(tree, { maxDepth: 8, maxFields: 200 }).fields : [];
  const time = values.find(({ name: path }) => timeNames.test(path));
  const keys = values.slice(0, 3).map((one) => one.name);
  const fields = values
    .filter((one) => one !== time)
    .map(({ name: path, value }) => (idNames.test(path) ? { path, drop: true } : withUnit(path, value)));
  const bare = text === undefined ? undefined : (signedNumberLike(text.trim()) ?? text.trim());
  const gives = Object.fromEntries(
    isObject
      ? values.flatMap((one) =>
          one === time || idNames.test(one.name) ? [] : [[one.name, example(one.name, one.value)]],
        )
      : bare === undefined
        ? []
        : [['value', bareExample(bare)]],
  );
  const profile = {
    name: `${vendor} ${model}`,
    version: 1,
    about: 'What it is, and where its messages are documented',
    messages: [
      {
        match: {
          topic: pattern,
          ...(keys.length > 0 && { keys }),
          confidence: 0.9,
          reason: keys.length > 0 ? `its topic, and it tells ${keys.join(', ')}` : 'its topic',
        },
        ...(isObject ? {} : { decode: text === undefined ? 'cbor' : 'value' }),
        ...(time && { time: { path: time.name } }),
        ...(fields.length > 0 && { fields }),
      },
    ],
    examples: [
      {
        source: 'A message of my own',
        topic,
        ...(text === undefined ? { payloadHex: Buffer.from(payload).toString('hex') } : { payload: text }),
        gives,
        device: `${vendor}:${levels[level - 1]}`,
      },
    ],
  };
  const document = new (yaml().Document)(profile);
  document.commentBefore =
    ' A draft. Check the units and names, leave out what is no measurement (`drop: true`), and see `headgate profile test`.';
  return document.toString({ lineWidth: 120 });
}

/** The level that looks most like a name of one of many: with digits, else the last but one, else the last. */
function likelyDevice(levels: readonly string[]): number {
  const withDigits = levels.findLastIndex((level) => /\d{2}|[0-9a-f]{6}/i.test(level));
  if (withDigits >= 0) return withDigits + 1;
  return Math.max(1, levels.length - 1);
}

function withUnit(path: string, value: FieldValue): object {
  const unit = unitOfName(path, value);
  return unit === undefined ? { path } : { path, unit };
}

function unitOfName(path: string, value: FieldValue): string | undefined {
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  return usualUnits.find(([pattern]) => pattern.test(path.split('.').at(-1) ?? ''))?.[1];
}

function example(path: string, value: FieldValue): string | number | boolean {
  const unit = unitOfName(path, value);
  if (typeof value === 'bigint' || unit !== undefined) return unit === undefined ? String(value) : `${value} ${unit}`;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return typeof value === 'string' ? bareExample(value) : value;
}

function bareExample(value: number | bigint | string): string | number {
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'string' && signedNumberLike(value.split(' ')[0] ?? '') !== undefined
    ? JSON.stringify(value)
    : value;
}
