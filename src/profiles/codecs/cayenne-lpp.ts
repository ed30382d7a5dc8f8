import type { Field } from '../../core/measurement.ts';
import { type Claim, type Codec, type CodecInput, type CodecOutput, failed, measured } from '../codec.ts';

/** One number of a type: whole, big-endian, to be divided. */
interface Value {
  /** What it is called when the type has several. */
  readonly name?: string;
  readonly bytes: number;
  readonly isSigned?: boolean;
  /** Absent: 1. */
  readonly divisor?: number;
  readonly unit?: string;
}

interface Type {
  readonly name: string;
  readonly values: readonly Value[];
}

const unsigned = (bytes: number, divisor = 1, unit?: string): Value => ({ bytes, divisor, ...(unit && { unit }) });
const signed = (bytes: number, divisor = 1, unit?: string): Value => ({
  ...unsigned(bytes, divisor, unit),
  isSigned: true,
});
const one = (name: string, value: Value): Type => ({ name, values: [value] });
const axes = (name: string, value: Value): Type => ({
  name,
  values: ['x', 'y', 'z'].map((axis) => ({ ...value, name: axis })),
});

/**
 * By type number, which is the IPSO object's less 3200. Names are The Things Stack's for the types of Cayenne's own table ("Cayenne Low
 * Power Payload"), ElectronicCats/CayenneLPP's for the others (`src/CayenneLPP.h`); `load` is pycayennelpp's.
 */
const types: ReadonlyMap<number, Type> = new Map([
  [0, one('digital_in', unsigned(1))],
  [1, one('digital_out', unsigned(1))],
  [2, one('analog_in', signed(2, 100))],
  [3, one('analog_out', signed(2, 100))],
  [4, one('counter', unsigned(2))],
  [100, one('generic', unsigned(4))],
  [101, one('luminosity', unsigned(2, 1, 'lx'))],
  [102, one('presence', unsigned(1))],
  [103, one('temperature', signed(2, 10, 'Cel'))],
  [104, one('relative_humidity', unsigned(1, 2, '%RH'))],
  [113, axes('accelerometer', signed(2, 1000, 'gn'))],
  [115, one('barometric_pressure', unsigned(2, 10, 'hPa'))],
  [116, one('voltage', unsigned(2, 100, 'V'))],
  [117, one('current', unsigned(2, 1000, 'A'))],
  [118, one('frequency', unsigned(4, 1, 'Hz'))],
  [120, one('percentage', unsigned(1, 1, '%'))],
  [121, one('altitude', signed(2, 1, 'm'))],
  [122, one('load', signed(3, 1000, 'kg'))],
  [125, one('concentration', unsigned(2, 1, 'ppm'))],
  [128, one('power', unsigned(2, 1, 'W'))],
  [130, one('distance', unsigned(4, 1000, 'm'))],
  [131, one('energy', unsigned(4, 1000, 'kWh'))],
  [132, one('direction', unsigned(2, 1, 'deg'))],
  [133, one('time', unsigned(4, 1, 's'))],
  [134, axes('gyrometer', signed(2, 100, 'deg/s'))],
  [135, { name: 'colour', values: ['r', 'g', 'b'].map((name) => ({ ...unsigned(1), name })) }],
  [
    136,
    {
      name: 'gps',
      values: [
        { ...signed(3, 10_000, 'lat'), name: 'latitude' },
        { ...signed(3, 10_000, 'lon'), name: 'longitude' },
        { ...signed(3, 100, 'm'), name: 'altitude' },
      ],
    },
  ],
  [142, one('switch', unsigned(1))],
]);

/** A polyline, the one type of varying length: its first byte is the number of its bytes, that one among them. */
const polyline = 240;
const minPolyline = 8;

/**
 * Cayenne Low Power Payload: entries of channel, type and value, as LoRaWAN nodes send them. Fields are named `<type>_<channel>`, as
 * The Things Stack does: `temperature_3`, `accelerometer_6.x`, `gps_1.latitude`. A polyline is passed over, with the payload kept.
 */
export function createCayenneLppCodec(): Codec {
  return { decode, claims };
}

function decode({ payload, limits }: CodecInput): CodecOutput {
  const fields: Field[] = [];
  let hasSkipped = false;
  let at = 0;
  while (at < payload.length) {
    const start = at;
    const left = payload.length - at - 2;
    if (left < 0) return failed(`The payload ends at byte ${start} with a channel that has no type behind it.`);
    const channel = payload[at++]!;
    const number = payload[at++]!;
    if (number === polyline) {
      const length = payload[at] ?? 0;
      if (length < minPolyline || length > left) {
        return failed(
          `Channel ${channel}, at byte ${start}: the polyline claims ${length} bytes, but ${left} are left.`,
        );
      }
      at += length;
      hasSkipped = true;
      continue;
    }
    const type = types.get(number);
    if (type === undefined)
      return failed(`Channel ${channel}, at byte ${start}, has type ${number}, which is not known.`);
    if (fields.length + type.values.length > limits.maxFields) {
      return failed(`There are more than ${limits.maxFields} values.`);
    }
    for (const value of type.values) {
      if (at + value.bytes > payload.length) {
        return failed(`Channel ${channel}, at byte ${start}: the ${type.name} is cut off after ${left} bytes.`);
      }
      fields.push(fieldOf(type.name, channel, value, payload, at));
      at += value.bytes;
    }
  }
  if (fields.length === 0) return failed(hasSkipped ? 'There is nothing but polylines.' : 'The payload is empty.');
  return measured([{ fields }], !hasSkipped);
}

function fieldOf(type: string, channel: number, value: Value, payload: Uint8Array, at: number): Field {
  let raw = 0;
  for (let i = at; i < at + value.bytes; i++) raw = raw * 256 + payload[i]!;
  const range = 256 ** value.bytes;
  if (value.isSigned && raw >= range / 2) raw -= range;
  const name = value.name === undefined ? `${type}_${channel}` : `${type}_${channel}.${value.name}`;
  const number = raw / (value.divisor ?? 1);
  return value.unit === undefined ? { name, value: number } : { name, value: number, unit: value.unit };
}

/**
 * By known types in a chain that ends where the payload does, no channel's type twice, and values that can be. Short chains come
 * about by chance.
 */
function claims(_topic: string, payload: Uint8Array): Claim | undefined {
  if (payload.every((byte) => byte >= 0x20 && byte < 0x7f)) return undefined;
  const seen = new Set<number>();
  let physical = 0;
  for (let at = 0; at < payload.length; ) {
    const number = payload[at + 1];
    const length = number === polyline ? payload[at + 2] : number === undefined ? 0 : lengths.get(number);
    if (!length || at + 2 + length > payload.length) return undefined;
    const key = (payload[at]! << 8) | number!;
    if (seen.has(key) || !canBe(number!, payload, at + 2)) return undefined;
    seen.add(key);
    if (number! >= firstPhysical) physical++;
    at += 2 + length;
  }
  const { size } = seen;
  if (size < 2 || physical === 0) return undefined;
  const confidence = size > 2 && physical > 1 ? 0.9 : 0.75;
  return { confidence, reason: `its bytes are ${size} entries of channel, known type and a value that can be` };
}

const lengths: ReadonlyMap<number, number> = new Map(
  [...types].map(([number, { values }]) => [number, values.reduce((sum, { bytes }) => sum + bytes, 0)]),
);

/** Below are inputs, outputs and counters: small numbers, which any bytes may be. */
const firstPhysical = 100;

/** Between what a value is when a sensor sent it, by type; not told: anything. */
const ranges: ReadonlyMap<number, readonly (readonly [number, number])[]> = new Map<number, [number, number][]>([
  [102, [[0, 1]]],
  [103, [[-100, 200]]],
  [104, [[0, 100]]],
  [115, [[300, 1200]]],
  [120, [[0, 100]]],
  [132, [[0, 360]]],
  [
    136,
    [
      [-90, 90],
      [-180, 180],
    ],
  ],
  [142, [[0, 1]]],
]);

function canBe(number: number, payload: Uint8Array, at: number): boolean {
  const type = types.get(number);
  for (const [i, [min, max]] of (ranges.get(number) ?? []).entries()) {
    const value = type?.values[i];
    if (value === undefined) return true;
    const { value: told } = fieldOf('', 0, value, payload, at);
    if ((told as number) < min || (told as number) > max) return false;
    at += value.bytes;
  }
  return true;
}
