import { RE2JS } from 're2js';
import { unitOf } from '../../core/measure-units.ts';
import { lazy } from '../../lib/lazy.ts';
import { exchangeReader } from '../modbus/exchange.ts';
import type { ModbusOptions } from '../modbus/options.ts';
import type { Nested } from '../nested.ts';
import type { CompiledDevice, CompiledField, CompiledMessage, CompiledProfile } from './compiled.ts';
import { readerOf } from './formats.ts';
import type { DeviceOptions, FieldOptions, MessageOptions, NestedOptions, ProfileOptions } from './options.ts';
import { pathPattern } from './path-pattern.ts';
import { fixedText, template } from './template.ts';
import { topicPattern } from './topic-pattern.ts';
import type { ValueRule } from './value.ts';

type Scalar = boolean | number | string;

/** @param options a profile in which nothing is wrong */
export function compileProfile(name: string, options: Omit<ProfileOptions, 'examples'>): CompiledProfile {
  return {
    name,
    version: options.version,
    title: options.name,
    family: options.family ?? name.split('/')[0]!,
    framing: options.framing,
    manufacturer: options.manufacturer,
    model: options.model,
    messages: [
      ...(options.messages ?? []).map((message) => compileMessage(message, options.device)),
      ...(options.modbus === undefined ? [] : [compileModbus(options.modbus, options.device)]),
    ],
  };
}

/** A Modbus exchange. Its reader knows the registers; what is left to do is to name their units. */
function compileModbus(options: ModbusOptions, device: DeviceOptions | undefined): CompiledMessage {
  const { registers, attributes = {} } = options;
  const known = new Set(Object.values(attributes));
  const fields = registers.map(({ name, unit }): FieldOptions => {
    if (known.has(name)) return { path: name, drop: true };
    return { path: name, name, ...(unit !== undefined && { unit }) };
  });
  return { ...compileMessage({ decode: 'value', fields, attributes }, device), read: exchangeReader(options) };
}

function compileMessage(options: MessageOptions, profileDevice: DeviceOptions | undefined): CompiledMessage {
  const { match, time, availability, device = profileDevice } = options;
  const { pattern } = match ?? {};
  const looks = pattern === undefined ? undefined : lazy(() => RE2JS.compile(pattern));
  const isBinary = options.decode === 'binary';
  // A gateway uses a few of a hundred profiles: what only decoding needs is made with the first topic that leads there.
  const fields = lazy(() => {
    const inner = (options.nested?.fields ?? []).map((field) => ({
      ...ofFrame(field),
      path: `${options.nested!.path}.${field.name}`,
    }));
    // What a value of a frame has to do with offsets, its reader has seen to.
    const outer = (options.fields ?? []).map((field) => (isBinary ? ofFrame(field) : field));
    return [...inner, ...outer].map((field) => compileField(field, options.words));
  });
  const words = lazy(() => ({ field: options.words && compileField({}, options.words) }));
  return {
    topics: (match?.topic ?? []).map(topicPattern),
    keys: match?.keys ?? [],
    looks: looks && ((text) => looks().matcher(text).find()),
    confidence: match?.confidence,
    reason: match?.reason ?? 'its topic and keys',
    when: Object.entries(options.when ?? {}),
    holds: options.holds ?? [],
    kind: options.availability === undefined ? options.kind : 'availability',
    read:
      options.codec === undefined
        ? readerOf(availability && !availability.path ? { ...options, decode: 'value' } : options)
        : undefined,
    codec: options.codec,
    roots: options.roots === undefined ? [[options.root ?? '', '']] : Object.entries(options.roots),
    nested: options.nested && compileNested(options.nested),
    each: options.each,
    as: options.as ?? '',
    prefix: options.prefix ?? '',
    time: time && { path: time.path, format: time.format ?? 'auto', zone: time.zone },
    device: device && compileDevice(device),
    get fields() {
      return fields();
    },
    get words() {
      return words().field;
    },
    rest: options.rest ?? 'keep',
    attributes: Object.entries(options.attributes ?? {}),
    availability: availability && {
      path: availability.path ?? '',
      online: new Set(availability.online),
      offline: new Set(availability.offline),
    },
    events: (options.events ?? []).map(pathPattern),
    otherwise: options.otherwise,
    once: options.once === undefined ? undefined : template(options.once),
    keepPayload: options.keepPayload ?? false,
    uses: new Set([
      ...(time?.path ?? []),
      ...(options.fields ?? []).flatMap(({ unitFrom }) => (unitFrom ? [unitFrom.path] : [])),
      ...pathsIn(device),
    ]),
  };
}

function compileNested({ path, encoding = 'base64', codec, fields, order = 'big' }: NestedOptions): Nested {
  return { path, encoding, codec, read: fields && readerOf({ decode: 'binary', fields, order }) };
}

function compileDevice({ id, alias, name }: DeviceOptions): CompiledDevice {
  return {
    id: template(id),
    alias: alias === undefined ? undefined : template(alias),
    name: name === undefined ? undefined : template(name),
  };
}

/** What is left to do for a field once it has been read from a frame: there it goes by its name. */
function ofFrame({ at: _, when: __, type, ...rest }: FieldOptions): FieldOptions {
  const isTyped = type === 'number' || type === 'integer' || type === 'boolean';
  return { path: rest.name ?? '', ...rest, ...(isTyped && { type }) };
}

/** The paths that a device is named by. */
function pathsIn(device: DeviceOptions | undefined): string[] {
  return [device?.id, device?.alias, device?.name].flatMap((text) => {
    if (text === undefined || fixedText(text) !== undefined) return [];
    return text.includes('{') ? [...text.matchAll(/\{([^{}:]+)/g)].map(([, path]) => path!) : [text];
  });
}

function compileField(
  options: FieldOptions,
  messageWords: Readonly<Record<string, Scalar>> | undefined,
): CompiledField {
  const { path = '**', unit, unitFrom, words = messageWords } = options;
  const rule: ValueRule = {
    type: options.type,
    scale: options.scale,
    offset: options.offset,
    range: options.range,
    except: options.except,
    words: words && new Map(Object.entries(words)),
  };
  const when = options.when && Object.entries(options.when);
  return {
    matches: pathPattern(path),
    name: options.name,
    unit: unit === undefined ? undefined : unitOf(unit),
    unitFrom: unitFrom && {
      path: unitFrom.path,
      words: new Map(Object.entries(unitFrom.words ?? {}).map(([word, code]) => [word, unitOf(code) ?? code])),
    },
    suffix: options.suffix && new Map(Object.entries(options.suffix).map(([end, code]) => [end, unitOf(code) ?? code])),
    rule,
    isPlain: Object.values(rule).every((value) => value === undefined),
    when,
    isDropped: options.drop ?? false,
  };
}
