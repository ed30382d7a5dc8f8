import type { ClockQuality, UnixMs } from '../../core/time.ts';
import type { AlarmValue } from '../alarm.ts';
import type { BuiltInOptions } from '../options.ts';
import type { MachineReading } from './machine.ts';

export type BuiltInName = keyof BuiltInOptions;

/** How the gateway's parts are, as far as an alarm may be raised for it. */
export interface Vitals {
  readonly buffer: {
    readonly state: 'open' | 'full' | 'failing' | 'closed';
    /** What waits, as a part of what the buffer may take on disk. */
    readonly waitingShare: number;
    /** Why the disk refuses records, while it does. */
    readonly failure: string | undefined;
    /** What is used up and what to do about it, in sentences, while it is full. */
    readonly full: string | undefined;
  };
  readonly uplink: { readonly isUp: boolean; readonly state: string; readonly reason: string | null };
  readonly clockQuality: ClockQuality;
  /** Certificates that are in use, by what they are for. */
  readonly certificates: readonly { readonly of: string; readonly expiresAtMs: UnixMs }[];
  /** What is configured to be listened to, by what it is called; `problem` is why it is not heard. */
  readonly sources: readonly { readonly name: string; readonly problem: string | null }[];
}

/** What was found of one thing that is watched over without a rule. */
export interface Finding {
  readonly builtIn: BuiltInName;
  /** Which one, where there are several; empty: there is one. */
  readonly about: string;
  /** Where it may come about anew while its alarm stands: which time this is. That is an alarm of its own. */
  readonly occasion?: string;
  readonly input: 'violating' | 'between' | 'normal';
  readonly value?: AlarmValue;
  readonly unit?: string;
  /** A sentence. */
  readonly text: string;
}

/** So far a share has to come back before it counts as well. */
const shareHysteresis = 0.05;
const celsiusHysteresis = 5;
const dayMs = 86_400_000;

/** What is as it should be, and what is not. Of what the machine does not tell there is nothing. */
export function findingsOf(vitals: Vitals, machine: MachineReading, options: BuiltInOptions, now: UnixMs): Finding[] {
  const { buffer, uplink, clockQuality, certificates, sources } = vitals;
  const { freeShare, power, celsius, takenBack, wrongSettings } = machine;
  const found: Finding[] = [
    {
      ...{ builtIn: 'bufferFilling', about: '', value: percent(buffer.waitingShare), unit: '%' },
      input: beyond(buffer.waitingShare, options.bufferFilling.above, shareHysteresis),
      text: `What waits for the collector takes ${percent(buffer.waitingShare)} % of the buffer.`,
    },
    {
      ...{ builtIn: 'bufferFull', about: '', value: buffer.state },
      input: badIf(buffer.state === 'full'),
      text: `There is no room for records: they wait at their source, or are refused. ${buffer.full ?? ''}`.trimEnd(),
    },
    {
      ...{ builtIn: 'diskFailing', about: '', value: buffer.state },
      input: badIf(buffer.state === 'failing'),
      text: `The disk refuses records: ${buffer.failure ?? 'unknown reason'}.`,
    },
    {
      ...{ builtIn: 'uplinkDown', about: '', value: uplink.state },
      input: badIf(!uplink.isUp),
      text: `Records do not reach the collector: ${uplink.reason ?? `the uplink is ${uplink.state}`}.`,
    },
    {
      ...{ builtIn: 'clock', about: '', value: clockQuality },
      input: badIf(clockQuality !== 'synced'),
      text: `The clock is ${clockQuality === 'unset' ? 'not set' : 'not known to be kept right'}.`,
    },
  ];
  if (freeShare !== undefined)
    found.push({
      ...{ builtIn: 'diskSpace', about: '', value: percent(freeShare), unit: '%' },
      input: beyond(-freeShare, -options.diskSpace.below, shareHysteresis),
      text: `${percent(freeShare)} % of the file system of the data directory is free.`,
    });
  if (power !== undefined)
    found.push({
      ...{ builtIn: 'power', about: '', value: power.length === 0 ? 'well' : power.join(', ') },
      input: badIf(power.length > 0),
      text: `The machine says that ${power.join(', and that ')}: see its power supply and cooling.`,
    });
  if (celsius !== undefined)
    found.push({
      ...{ builtIn: 'temperature', about: '', value: Math.round(celsius * 10) / 10, unit: 'Cel' },
      input: beyond(celsius, options.temperature.above, celsiusHysteresis),
      text: `The processor has ${celsius.toFixed(1)} °C.`,
    });
  if (takenBack !== undefined)
    found.push({
      ...{ builtIn: 'update', about: '', value: takenBack === null ? 'well' : 'taken back' },
      ...(takenBack !== null && { occasion: takenBack.occasion }),
      input: badIf(takenBack !== null),
      text: takenBack?.text ?? 'The last update stayed.',
    });
  if (wrongSettings !== undefined)
    found.push({
      ...{ builtIn: 'settings', about: '', value: wrongSettings.length },
      input: badIf(wrongSettings.length > 0),
      text: settingsText(wrongSettings),
    });
  // Without the time nobody knows what ends when.
  if (clockQuality !== 'unset')
    for (const { of, expiresAtMs } of certificates) {
      const leftMs = expiresAtMs - now;
      const at = new Date(expiresAtMs).toISOString().slice(0, 10);
      found.push({
        ...{ builtIn: 'certificate', about: of, value: Math.floor(leftMs / dayMs), unit: 'd' },
        input: badIf(leftMs < options.certificate.before),
        text: `The certificate of ${of} ${leftMs < 0 ? 'ended' : 'ends'} on ${at}.`,
      });
    }
  for (const { name, problem } of sources)
    found.push({
      ...{ builtIn: 'sources', about: name, input: badIf(problem !== null) },
      text: `The ${name} is not heard: ${problem ?? 'unknown reason'}`,
    });
  return found;
}

function settingsText([first, ...others]: readonly string[]): string {
  if (first === undefined) return 'The settings on the card are right.';
  const more = others.length === 0 ? '' : ` And ${others.length} more.`;
  return `Something is wrong with the settings on the card, and left out: ${first}${more} See headgate-problems.txt there.`;
}

function badIf(isBad: boolean): Finding['input'] {
  return isBad ? 'violating' : 'normal';
}

function beyond(value: number, limit: number, hysteresis: number): Finding['input'] {
  if (value > limit) return 'violating';
  return value <= limit - hysteresis ? 'normal' : 'between';
}

const percent = (share: number): number => Math.round(share * 1_000) / 10;
