import { noise, type Random, scatter } from './random.ts';
import type { Json, Quantity } from './sample.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;

export interface SignalOptions {
  readonly mean: number;
  /** How far it swings from the mean over a day. Default 0. */
  readonly daily?: number;
  /** Hour of the day at which it is highest (with a negative `daily`, lowest). Default 15. */
  readonly peakHour?: number;
  /** How far it wanders within minutes to an hour. Default 0. */
  readonly drift?: number;
  /** How far two samples at the same instant may be from the truth. Default 0. */
  readonly noise?: number;
  /** Default 1. */
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
}

/** A number with a daily curve, drift and noise. */
export function signal(options: SignalOptions): (localMs: number, random: Random) => number {
  const { mean, daily = 0, peakHour = 15, decimals = 1 } = options;
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = options;
  return (localMs, random) => {
    const curve = daily * Math.cos(turns((localMs - peakHour * hourMs) / dayMs));
    // Two quantities of one place peak at different hours or lie apart, so they do not wander in step.
    const wander = (options.drift ?? 0) * drift(localMs, mean + peakHour);
    const value = mean + curve + wander + noise(random, options.noise ?? 0);
    return round(Math.min(max, Math.max(min, value)), decimals);
  };
}

/** The local time without a zone, as Tasmota writes it. */
export const localTime: Quantity = (localMs) => timeText(localMs);

/** Light on the ground from sunrise at 6 to sunset at 18, with clouds. */
export function daylight(max: number): Quantity {
  return (localMs, random) => Math.round(max * sun(localMs) * (1 + noise(random, 0.02)));
}

/** Falls from `from` to `to` in `hours`; then somebody changes the battery. */
export function draining({ from, to, hours }: { from: number; to: number; hours: number }): Quantity {
  return (localMs) => Math.round(from + (to - from) * fraction(localMs / (hours * hourMs)));
}

/** Whether a door is closed: it opens in about two of three `everyMs`, for half of `openMs` to all of it. */
export function closedUnlessUsed({ everyMs, openMs }: { everyMs: number; openMs: number }): Quantity {
  return (localMs) => {
    const slot = Math.floor(localMs / everyMs);
    if (scatter(slot * 3) > 2 / 3) return true;
    const opens = slot * everyMs + scatter(slot * 3 + 1) * (everyMs - openMs);
    const closes = opens + openMs * (0.5 + scatter(slot * 3 + 2) / 2);
    return localMs < opens || localMs >= closes;
  };
}

/** A temperature between two switching points: down while the compressor runs, slowly up while it rests. */
export function thermostat(options: { low: number; high: number; runMinutes: number; restMinutes: number }): Quantity {
  const { low, high, runMinutes, restMinutes } = options;
  return (localMs, random) => {
    const minute = modulo(localMs / minuteMs, runMinutes + restMinutes);
    const warmth = minute < runMinutes ? 1 - minute / runMinutes : (minute - runMinutes) / restMinutes;
    return round(low + (high - low) * warmth + noise(random, 0.05), 2);
  };
}

/** Wind as a station reports it: the gust is never below the average. In km/h and degrees. */
export const wind: Quantity = (localMs, random) => {
  const average = Math.max(0, 11 + 6 * Math.cos(turns(localMs / dayMs - 0.6)) + 4 * drift(localMs, 1));
  const direction = 230 + 35 * drift(localMs, 2) + noise(random, 8);
  return {
    avg_km_h: round(average, 1),
    gust_km_h: round(average * (1.15 + 0.5 * random()), 1),
    dir_deg: Math.round(modulo(direction, 360)),
  };
};

/** A rain gauge: tips of 0.3 mm, counted. It rains for some hours in every two days or so, and the count never falls. */
export const rainTotal: Quantity = (localMs) => {
  const showers = localMs / (47 * hourMs);
  const tips = 20 * modulo(showers, 365) - (20 / (2 * Math.PI)) * Math.sin(turns(showers));
  // Between two showers `tips` rests at a multiple of 20: half a tip away from where rounding would count it back.
  return round(0.3 * Math.floor(tips + 0.5), 1);
};

/** A room in which people meet from 8 to 18 o'clock, for the first 50 minutes of each hour. */
export const meetingRoom: Quantity = (localMs, random) => {
  const hour = modulo(localMs, dayMs) / hourMs;
  const minute = fraction(hour) * 60;
  const isOccupied = hour >= 8 && hour < 18 && minute < 50;
  const breath = isOccupied ? 1 - Math.exp(-minute / 20) : Math.exp(-(minute - 50) / 4);
  const co2 = 430 + (hour >= 8 && hour < 18 ? 650 * breath : 0) + 15 * drift(localMs, 3) + noise(random, 8);
  return { co2_ppm: Math.round(co2), occupied: isOccupied };
};

/** A house with solar cells on the roof: takes power, or gives it back (negative) when the sun is out. */
export function houseMeter(options: { baseWatts: number; solarWatts: number }): Quantity {
  return (localMs, random) => {
    const evening = 900 * Math.max(0, Math.cos(turns((localMs - 19 * hourMs) / dayMs))) ** 6;
    const watts = options.baseWatts + evening + 120 * drift(localMs, 4) - options.solarWatts * sun(localMs);
    const volts = mainsVolts(localMs, random);
    const apparent = Math.abs(watts) / 0.97 + 12;
    const power = watts + noise(random, 15);
    return {
      id: 0,
      current: round(apparent / volts, 3),
      voltage: volts,
      act_power: round(power, 1),
      aprt_power: round(apparent, 1),
      pf: round(Math.min(1, Math.abs(watts) / apparent), 2),
      freq: round(50 + 0.02 * drift(localMs, 5), 2),
    };
  };
}

export interface Stage {
  readonly minutes: number;
  readonly watts: number;
}

/** What hangs on a plug, running through its program again and again; its energy is counted since `since`. */
export function plugMeter({ stages, since }: { stages: readonly Stage[]; since: string }): Quantity {
  const startMs = Date.parse(`${since}Z`);
  const kwhBetween = (fromMs: number, toMs: number): Json => {
    const from = Math.max(fromMs, startMs);
    // Before the start, on a machine whose clock was never set, nothing is counted yet.
    return toMs <= from ? 0 : round((wattMinutes(stages, toMs) - wattMinutes(stages, from)) / 60_000, 3);
  };
  return (localMs, random) => {
    const watts = stageAt(stages, localMs).watts;
    const volts = mainsVolts(localMs, random);
    const power = Math.round(watts * (1 + noise(random, 0.02)));
    const factor = watts > 1_000 ? 0.99 : watts > 20 ? 0.72 : 0.41;
    const apparent = Math.round(power / factor);
    const today = Math.floor(localMs / dayMs) * dayMs;
    return {
      TotalStartTime: since,
      Total: kwhBetween(startMs, localMs),
      Yesterday: kwhBetween(today - dayMs, today),
      Today: kwhBetween(today, localMs),
      Power: power,
      ApparentPower: apparent,
      ReactivePower: Math.round(Math.sqrt(apparent ** 2 - power ** 2)),
      Factor: factor,
      Voltage: Math.round(volts),
      Current: round(apparent / volts, 3),
    };
  };
}

function stageAt(
  stages: readonly Stage[],
  localMs: number,
): Stage & { readonly wattMinutesBefore: number; readonly minute: number } {
  let minute = modulo(localMs / minuteMs, lengthOf(stages));
  let wattMinutesBefore = 0;
  for (const stage of stages) {
    if (minute < stage.minutes) return { ...stage, wattMinutesBefore, minute };
    minute -= stage.minutes;
    wattMinutesBefore += stage.minutes * stage.watts;
  }
  return { minutes: 0, watts: 0, wattMinutesBefore, minute: 0 };
}

/** The integral of the program's power from time 0 on. */
function wattMinutes(stages: readonly Stage[], localMs: number): number {
  const whole = Math.floor(localMs / minuteMs / lengthOf(stages));
  const { wattMinutesBefore, minute, watts } = stageAt(stages, localMs);
  return (
    whole * stages.reduce((sum, stage) => sum + stage.minutes * stage.watts, 0) + wattMinutesBefore + minute * watts
  );
}

function lengthOf(stages: readonly Stage[]): number {
  return stages.reduce((sum, { minutes }) => sum + minutes, 0);
}

const mainsVolts = signal({ mean: 231, daily: -2, peakHour: 19, drift: 1.5, noise: 0.4 });

/** From 0 (night) to 1 (noon without clouds). */
function sun(localMs: number): number {
  const height = Math.max(0, -Math.cos(turns(localMs / dayMs)));
  return height * (0.75 + 0.25 * drift(localMs, 6));
}

/** Wanders between -1 and 1, smoothly, at rhythms of minutes to an hour that have no common measure. */
function drift(localMs: number, phase: number): number {
  const minutes = localMs / minuteMs;
  return (
    (Math.sin(minutes / 9.7 + phase) + Math.sin(minutes / 4.1 + phase * 2.3) + Math.sin(minutes / 1.3 + phase * 5)) / 3
  );
}

function timeText(localMs: number): string {
  return new Date(localMs).toISOString().slice(0, 'YYYY-MM-DDThh:mm:ss'.length);
}

function turns(count: number): number {
  return 2 * Math.PI * count;
}

function fraction(value: number): number {
  return value - Math.floor(value);
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}

function round(value: number, decimals: number): number {
  const rounded = Number(value.toFixed(decimals));
  // No device says -0.
  return rounded === 0 ? 0 : rounded;
}
