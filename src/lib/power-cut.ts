/**
 * The steps between a record's sending and its deletion, in order: at each of them tests end the process, as a power cut
 * would, to see that nothing is lost and nothing doubled. Before and after each there is something else on the disks.
 */
export const cuts = [
  'gateway: hello sent',
  'gateway: welcome received',
  'gateway: lineage saved',
  'gateway: lineage confirmed',
  'gateway: upload sent',
  'gateway: acknowledgement received',
  'gateway: acknowledgement noted',
  'gateway: before the deletion is saved',
  'gateway: after the deletion is saved',
  'gateway: before a segment is deleted',
  'gateway: after a segment is deleted',
  'collector: hello received',
  'collector: lineage proposed',
  'collector: welcome sent',
  'collector: confirmation received',
  'collector: lineage adopted',
  'collector: upload received',
  'collector: before the commit',
  'collector: after the commit',
  'collector: acknowledgement sent',
] as const;
export type Cut = (typeof cuts)[number];

/** `STEP` or `STEP#N`: the N-th time that it comes to this step. */
const [wanted, times = '1'] = (process.env.HEADGATE_CUT ?? '').split('#');
let passed = 0;

function isDue(step: Cut): boolean {
  return step === wanted && ++passed === Number(times);
}

function cut(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** Ends the process here and now, without a farewell, when HEADGATE_CUT names this step. */
export function powerCut(step: Cut): void {
  if (wanted !== '' && isDue(step)) cut();
}

/** The same, a moment later: what has been written to a socket is on its way then. */
export function powerCutSoon(step: Cut): void {
  if (wanted !== '' && isDue(step)) setImmediate(() => setImmediate(cut));
}
