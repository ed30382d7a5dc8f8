import type { MonotonicMs } from '../../core/time.ts';
import type { ModbusDevice } from '../../profiles/modbus/device.ts';
import type { ModbusBusOptions } from './options.ts';
import type { ModbusUnitStatus } from './status.ts';
import type { Unit, UnitCounts } from './unit.ts';

/** What there is to know of a unit. */
export interface UnitFacts {
  readonly unit: number;
  readonly topic: string;
  readonly profile: string;
  readonly counts: UnitCounts;
  /** What its profile says now; a sentence: why that can't be used. */
  readonly device: ModbusDevice | string;
  /** Undefined: its bus was not open yet. */
  readonly known: Unit | undefined;
  readonly now: MonotonicMs;
  readonly options: Pick<ModbusBusOptions, 'timeout'>;
}

/** What is longer ago is no reason to do anything. */
const lateForMs = 600_000;

export function unitStatus({ unit, topic, profile, counts, device, known, now, options }: UnitFacts): ModbusUnitStatus {
  const isSilent = known !== undefined && known.missed > 0;
  const state = isSilent ? 'silent' : known?.answeredAt === undefined ? 'unknown' : 'answering';
  const refused = (known?.blocks ?? []).filter(({ refusedBy }) => refusedBy !== undefined);
  return {
    unit,
    topic,
    profile,
    state: typeof device === 'string' ? 'unusable' : state,
    reason:
      typeof device === 'string'
        ? device
        : (lateness(known, now, options.timeout) ?? silence(isSilent, unit) ?? damage(counts)),
    ...counts,
    lastAnswerAgeMs: known?.answeredAt === undefined ? null : Math.round(now - known.answeredAt),
    responseMs: known?.responseMs === undefined ? null : Math.round(known.responseMs),
    nextTryInMs: isSilent ? Math.max(0, Math.round(known.restsUntil - now)) : null,
    refused:
      typeof device === 'string'
        ? []
        : refused.map(({ pdu, refusedBy }) => `It refuses ${device.describe(pdu)} by exception ${refusedBy}.`),
  };
}

function lateness(known: Unit | undefined, now: MonotonicMs, timeoutMs: number): string | undefined {
  if (known?.lastLate === undefined || now - known.lastLate.at > lateForMs) return undefined;
  return `Its answers come as late as ${Math.round(known.lastLate.afterMs)} ms after they were asked for, and only ${timeoutMs} ms are waited for: raise \`timeout\`.`;
}

function silence(isSilent: boolean, unit: number): string | undefined {
  if (!isSilent) return undefined;
  return `It does not answer: is it on, is its address ${unit}, and is the line set as its own settings say?`;
}

function damage({ answered, damaged }: UnitCounts): string | null {
  if (damaged < 10 || damaged < answered) return null;
  return `Most of its answers are damaged on the way (${damaged} of ${answered + damaged}): are \`baud\` and \`format\` right, and is the line terminated?`;
}
