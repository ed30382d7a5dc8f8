import { unitOf } from '../../../core/measure-units.ts';
import type { Field, FieldValue } from '../../../core/measurement.ts';
import type { CodecOutput, CodecSighting, Limits } from '../../codec.ts';
import { failed, measured, without } from '../../codec.ts';
import { numberIn, numberLike, parseJson } from '../../json.ts';
import { flattenTree } from '../../tree.ts';

/** What a description says of a property. */
export interface Property {
  /** As the convention names it; absent: not told yet, and the value is what it looks like. */
  readonly datatype?: string;
  /** A code of the unit table. */
  readonly unit?: string;
  /** Its values are kept by the broker, as those of a state are. Others are momentary. Absent: they are. */
  readonly isRetained?: boolean;
}

/** Longer texts are kept as they came. */
const maxText = 1000;
const integer = /^-?\d+$/;
const float = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;

/** `#` is the conventions' word for a number of things, and `MK⁻¹` for mired. */
const ownUnits: ReadonlyMap<string, string> = new Map([
  ['#', 'count'],
  ['MK⁻¹', 'mired'],
]);

/** @returns undefined for an empty unit, and for one that is no unit by its length */
export function homieUnit(text: string): string | undefined {
  const trimmed = text.trim();
  return trimmed.length > 50 ? undefined : (ownUnits.get(trimmed) ?? unitOf(trimmed));
}

/**
 * Reads a property's value.
 *
 * @param name `node/property`, the field's name
 * @param property undefined as long as nothing was told of it
 */
export function propertyValue(
  device: string,
  name: string,
  text: string,
  property: Property | undefined,
  limits: Limits,
): CodecOutput {
  const sightings: CodecSighting[] = [{ device }];
  // The retained value was taken away; Homie 5 writes an empty text as one zero byte.
  if (text === '') return without('raw', { sightings });
  const { datatype, unit = guessedUnit(name, property), isRetained } = property ?? {};
  if (text.length > maxText && datatype !== 'json') return without('raw', { sightings });
  const isNumber = datatype === 'integer' || datatype === 'float';
  // A bell that was rung is no lasting value; a number that was measured is one, also where the broker does not keep it.
  if (isRetained === false && !isNumber) return without('event', { sightings });
  if (datatype === 'json') return treeOf(device, name, text, limits);
  const value = typed(text, datatype);
  if (value === undefined)
    return failed(`The property ${name} is ${article(datatype)}, but its value is "${text.slice(0, 50)}".`);
  const field: Field =
    unit === undefined || typeof value === 'boolean' || (typeof value === 'string' && property?.unit === undefined)
      ? { name, value }
      : { name, value, unit };
  return measured([{ device, fields: [field] }], true);
}

function article(datatype: string | undefined): string {
  return datatype === 'integer' ? 'an integer' : `a ${datatype}`;
}

function typed(text: string, datatype: string | undefined): FieldValue | undefined {
  switch (datatype) {
    case 'integer':
      return integer.test(text) ? numberIn(text) : undefined;
    case 'float':
      return float.test(text) ? numberIn(text) : undefined;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case undefined:
      return text === 'true' ? true : text === 'false' ? false : (numberLike(text) ?? text);
    default:
      // string, enum, color, datetime, duration, and what a later version adds
      return text === '\0' ? '' : text;
  }
}

function treeOf(device: string, name: string, text: string, limits: Limits): CodecOutput {
  const json = parseJson(text);
  if (typeof json !== 'object' || json === null) {
    return failed(`The property ${name} is JSON, but its value is no JSON object or array: "${text.slice(0, 50)}".`);
  }
  const { fields, isComplete, excess } = flattenTree(json, limits);
  if (excess !== undefined) return failed(excess);
  if (fields.length === 0) return without('raw', { sightings: [{ device }] });
  return measured([{ device, fields: fields.map((one) => ({ ...one, name: `${name}.${one.name}` })) }], isComplete);
}

/** Until a temperature's unit is told it is the one that nearly all of them have. */
function guessedUnit(name: string, property: Property | undefined): string | undefined {
  if (property?.datatype !== undefined) return undefined;
  return /\/temp(?:erature|[a-z])?$/.test(name) ? 'Cel' : undefined;
}

/** Whether a device in a state is there: a sleeping one is, and will be heard again. */
export function presenceIn(state: string): 'online' | 'offline' | undefined {
  switch (state) {
    case 'init':
    case 'ready':
    case 'sleeping':
    case 'alert':
      return 'online';
    case 'disconnected':
    case 'lost':
      return 'offline';
    default:
      return undefined;
  }
}

/** A device's name within the family: its id, with the base topic where that is not the default. */
export function deviceName(base: string, id: string): string {
  return base === 'homie' ? id : `${base}:${id}`;
}

/** The levels of a topic; some implementations, and an example of the convention, begin it with a slash. */
export function levelsOf(topic: string): string[] {
  return (topic.startsWith('/') ? topic.slice(1) : topic).split('/');
}
