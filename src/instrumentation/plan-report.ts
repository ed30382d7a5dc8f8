import type { PlanStatus, PlanWait } from '../uplink/data-plan.ts';

/** How the data plan of a metered link stands. */
export interface PlanReport {
  /**
   * Why records wait that are not exempt: it is outside the plan's `hours`, the `month` or for the moment the `rate` is
   * used up, or nobody knows the time (`clock`); null when they don't.
   */
  readonly waitingFor: PlanWait['for'] | null;
  /** Until when, as far as that is known. */
  readonly until: string | null;
  /** The day on which the month began; null when none is counted, or no clock has been set yet. */
  readonly month: string | null;
  /** Both ways, of this month, or since the start when there is no limit for the month. */
  readonly usedBytes: number;
  /** Of this month, with what was carried over; null when it is not limited. */
  readonly allowedBytes: number | null;
  readonly carriedBytes: number;
}

export function planReport({ waiting, month, usedBytes, allowedBytes, carriedBytes }: PlanStatus): PlanReport {
  const until = waiting !== undefined && 'until' in waiting ? waiting.until : undefined;
  return {
    waitingFor: waiting?.for ?? null,
    until: until === undefined ? null : new Date(until).toISOString(),
    month: month === '' ? null : month,
    usedBytes,
    allowedBytes: allowedBytes ?? null,
    carriedBytes,
  };
}

/** What holds records back, as a sentence with a space before it; empty when nothing does for longer than a moment. */
export function planSentence(plan: PlanStatus | undefined): string {
  if (plan?.waiting === undefined || plan.waiting.for === 'rate') return '';
  const { waitingFor, until } = planReport(plan);
  const why = {
    hours: 'it is outside its hours',
    month: 'its bytes of this month are used up',
    clock: 'it has hours, and the clock is not set',
    rate: '',
  }[waitingFor ?? 'rate'];
  return ` The data plan holds records back${until === null ? '' : ` until ${until}`}: ${why}.`;
}

/** The plan's figures, in Prometheus' text form; a gateway without a plan has none. */
export function planMetrics(plan: PlanReport | null): string {
  if (plan === null) return '';
  const gauge = (name: string, help: string, values: readonly string[]): string =>
    `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${values.map((value) => `${name}${value}\n`).join('')}`;
  const allowed =
    plan.allowedBytes === null
      ? ''
      : gauge('headgate_uplink_plan_allowed_bytes', 'What the month may use, with what was carried over.', [
          ` ${plan.allowedBytes}`,
        ]);
  const waits = (['hours', 'month', 'clock', 'rate'] as const).map(
    (reason) => `{for="${reason}"} ${Number(plan.waitingFor === reason)}`,
  );
  return (
    gauge('headgate_uplink_plan_used_bytes', 'What the month has used of the data plan, both ways.', [
      ` ${plan.usedBytes}`,
    ]) +
    allowed +
    gauge('headgate_uplink_plan_waiting', '1 for what the data plan holds records back for.', waits)
  );
}
