import type { PlanSettings } from './data-plan.ts';
import type { UplinkOptions } from './options.ts';
import { parseWindow } from './plan-calendar.ts';

/** `uplink.plan` as the data plan takes it; undefined when it limits nothing. */
export function planSettings(plan: UplinkOptions['plan']): PlanSettings | undefined {
  const { rate, burst, monthly, carryOver, monthStart, hours, timeZone, exempt } = plan;
  if (!isMetered(plan)) return undefined;
  return {
    ...(rate !== undefined && { rate }),
    ...(burst !== undefined && { burst }),
    ...(monthly !== undefined && { monthly }),
    carryOver,
    month: { day: monthStart, timeZone },
    hours: hours.flatMap((text) => parseWindow(text) ?? []),
    exempt,
  };
}

/** The link costs by the byte, or may not be used at all times. */
export function isMetered({ rate, monthly, hours }: UplinkOptions['plan']): boolean {
  return rate !== undefined || monthly !== undefined || hours.length > 0;
}

/** Keys of `uplink.plan` that say something about another one that is not given, each as a sentence. */
export function idlePlanKeys({ rate, burst, monthly, carryOver }: UplinkOptions['plan']): string[] {
  const idle: string[] = [];
  if (burst !== undefined && rate === undefined)
    idle.push('`uplink.plan.burst` does nothing without `uplink.plan.rate`.');
  if (carryOver > 0 && monthly === undefined)
    idle.push('`uplink.plan.carryOver` does nothing without `uplink.plan.monthly`.');
  return idle;
}
