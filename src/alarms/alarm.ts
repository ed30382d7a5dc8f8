import { unitSymbol } from '../core/measure-units.ts';
import type { FieldValue } from '../core/measurement.ts';
import type { ClockQuality, UnixMs } from '../core/time.ts';
import { type AlarmState, type AlarmStateName, isRaised } from './alarm-state.ts';
import type { Severity } from './rule.ts';

/** What an alarm is about: a rule that somebody made, or one that is built in, and a device or the gateway. */
export interface Subject {
  /** Tells it from all others; the same after a restart. */
  readonly key: string;
  readonly origin: 'rule' | 'built-in';
  /** The rule's id, or the name of the built-in one. */
  readonly rule: string;
  readonly name: string;
  readonly severity: Severity;
  /** Absent: the gateway. */
  readonly deviceId?: string | undefined;
  readonly field?: string | undefined;
  /** `room=3,rack=b`, where the device has several series of the field. */
  readonly tags?: string | undefined;
  /** What it warns of: `above 8`. */
  readonly limit: string;
}

/** A value as an alarm has it: whole numbers as doubles, texts cut, bytes not at all. */
export type AlarmValue = number | boolean | string;

const maxText = 200;
/** Those of SenML have up to ten characters; one that a device made up may have any number. */
const maxUnit = 50;

/** A text of its own, as a part of a payload would keep all of it in memory. */
function ownText(text: string, max: number): string {
  return Buffer.from(text.slice(0, max), 'utf16le').toString('utf16le');
}

/** A unit as an alarm has it. */
export function alarmUnit(unit: string | undefined): string | undefined {
  return unit && ownText(unit, maxUnit);
}

export function alarmValue(value: FieldValue): AlarmValue | undefined {
  switch (typeof value) {
    case 'bigint':
      return Number(value);
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'string':
      return ownText(value, maxText);
    case 'object':
      return undefined;
    default:
      return value;
  }
}

/** One alarm, from the first sign to its end. */
export interface Alarm {
  /** Names it for ever. */
  readonly id: string;
  /** Counts up. */
  readonly number: number;
  readonly subject: Subject;
  state: AlarmState;
  /** The newest value that was judged. */
  value: AlarmValue | undefined;
  unit: string | undefined;
  /** What is wrong, in a sentence. */
  text: string;
  readonly sinceMs: UnixMs;
  raised: { readonly atMs: UnixMs; readonly quality: ClockQuality } | undefined;
  acknowledged: { readonly atMs: UnixMs; readonly by: string; readonly note: string } | undefined;
  clearedMs: UnixMs | undefined;
  /** It comes and goes: it has to stay away for a while before it is over. */
  isFlapping: boolean;
  /** Its device was in the registry when it was last looked. */
  isDeviceKnown: boolean;
  /** It is on the shelf. */
  isKept: boolean;
}

/** An alarm as it is told. */
export interface AlarmView {
  readonly id: string;
  readonly state: Exclude<AlarmStateName, 'ok'>;
  readonly severity: Severity;
  readonly name: string;
  readonly text: string;
  readonly origin: Subject['origin'];
  readonly rule: string;
  readonly device: string | null;
  readonly field: string | null;
  readonly tags: string | null;
  readonly limit: string;
  readonly value: AlarmValue | null;
  readonly unit: string | null;
  /** The same for people. */
  readonly unitSymbol: string | null;
  readonly since: string;
  readonly raisedAt: string | null;
  readonly clockQuality: ClockQuality | null;
  readonly acknowledgedAt: string | null;
  readonly acknowledgedBy: string | null;
  readonly note: string | null;
  readonly clearedAt: string | null;
  readonly clearedBecause: string | null;
  readonly isFlapping: boolean;
}

export function alarmView(alarm: Alarm): AlarmView {
  const { id, subject, state, value, unit, text, sinceMs, raised, acknowledged, clearedMs, isFlapping } = alarm;
  return {
    id,
    state: state.name === 'ok' ? 'cleared' : state.name,
    severity: subject.severity,
    name: subject.name,
    text,
    origin: subject.origin,
    rule: subject.rule,
    device: subject.deviceId ?? null,
    field: subject.field ?? null,
    tags: subject.tags ?? null,
    limit: subject.limit,
    value: value ?? null,
    unit: unit ?? null,
    unitSymbol: unit === undefined ? null : unitSymbol(unit),
    since: iso(sinceMs),
    raisedAt: raised === undefined ? null : iso(raised.atMs),
    clockQuality: raised?.quality ?? null,
    acknowledgedAt: acknowledged === undefined ? null : iso(acknowledged.atMs),
    acknowledgedBy: acknowledged?.by ?? null,
    note: acknowledged?.note ?? null,
    clearedAt: clearedMs === undefined ? null : iso(clearedMs),
    clearedBecause: state.name === 'cleared' ? state.because : null,
    isFlapping,
  };
}

/** An alarm as it lies on the shelf. */
export function encodeAlarm({ isKept, isDeviceKnown, ...alarm }: Alarm): Uint8Array {
  return Buffer.from(JSON.stringify(alarm));
}

/** @returns undefined for what is none */
export function decodeAlarm(bytes: Uint8Array): Alarm | undefined {
  try {
    const found = JSON.parse(Buffer.from(bytes).toString()) as Alarm;
    const { id, number, subject, state, text, sinceMs } = found;
    const isWhole =
      typeof id === 'string' &&
      Number.isSafeInteger(number) &&
      typeof subject?.key === 'string' &&
      typeof subject.name === 'string' &&
      typeof text === 'string' &&
      Number.isFinite(sinceMs) &&
      (state?.name === 'pending' || state?.name === 'cleared' || isRaised(state));
    return isWhole ? { ...found, isKept: true, isDeviceKnown: false } : undefined;
  } catch {
    // Written by something else.
    return undefined;
  }
}

const iso = (ms: UnixMs): string => new Date(ms).toISOString();
