import type { GatewayStatus } from '../instrumentation/status.ts';
import {
  type Before,
  type CanarySeen,
  type GateLimits,
  lookOn,
  newGate,
  type Seen,
  type Verdict,
  verdictOf,
} from './gate.ts';
import { returnedIn, runOf } from './gate-seen.ts';

/** What a gateway answers when it is asked how it is. */
export type Answer =
  | { readonly name: 'status'; readonly status: GatewayStatus }
  /** It shows why it can't start. */
  | { readonly name: 'failed'; readonly reason: string }
  | { readonly name: 'silent'; readonly reason: string };

export interface GateWatchDependencies {
  /** Never fails. */
  readonly ask: () => Promise<Answer>;
  /** Resolves when a record of the gateway's own is durable there. @throws why it is not */
  readonly sendCanary: () => Promise<void>;
  /** Whether the MQTT broker at that address answers; undefined: it does. Never fails. */
  readonly knock: (address: string) => Promise<string | undefined>;
  readonly before: Before;
  readonly limits: GateLimits;
  /** In milliseconds, never back. */
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<void>;
  /** Told what is waited for, when that changes. */
  readonly onWait: (until: string) => void;
  /** Instead of {@link usualEveryMs}. */
  readonly everyMs?: number;
}

const usualEveryMs = 2_000;
/** Data plans pay for each. */
const canaryAgainMs = 10_000;

/** Looks at a gateway again and again until it is clear whether its version stays. */
export async function watchGateway(deps: GateWatchDependencies): Promise<Exclude<Verdict, { name: 'wait' }>> {
  const { limits, before, now, pause, onWait, everyMs = usualEveryMs } = deps;
  const start = now();
  const nest = new CanaryNest(deps);
  const door = new Door(deps);
  let gate = newGate;
  let told = '';
  for (;;) {
    const answer = await deps.ask();
    const gateway = await door.look(seenIn(answer), answer);
    if (answer.name === 'status' && isWell(gateway)) await nest.look(answer.status);
    const look = { atMs: now() - start, gateway, canary: nest.seen };
    gate = lookOn(gate, look);
    const verdict = verdictOf(gate, look, before, limits);
    if (verdict.name !== 'wait') return verdict;
    if (verdict.until !== told) onWait(verdict.until);
    told = verdict.until;
    await pause(everyMs);
  }
}

/** Waits until a gateway takes messages. @returns false: it did not within all the time that a gate takes */
export async function untilReady({
  ask,
  limits,
  now,
  pause,
  everyMs = usualEveryMs,
}: Omit<GateWatchDependencies, 'sendCanary' | 'knock' | 'before'>): Promise<boolean> {
  for (const start = now(); now() - start < limits.total; await pause(everyMs)) {
    const gateway = seenIn(await ask());
    if (isWell(gateway)) return true;
  }
  return false;
}

function seenIn(answer: Answer): Seen {
  return answer.name === 'status' ? { name: 'running', run: runOf(answer.status) } : answer;
}

function isWell(seen: Seen): boolean {
  return seen.name === 'running' && seen.run.trouble === undefined;
}

/** Where devices come in: a process whose broker has not answered once is not well. */
class Door {
  readonly #knock: GateWatchDependencies['knock'];
  #openIn: string | undefined;

  constructor({ knock }: Pick<GateWatchDependencies, 'knock'>) {
    this.#knock = knock;
  }

  async look(seen: Seen, answer: Answer): Promise<Seen> {
    if (answer.name !== 'status' || seen.name !== 'running' || !isWell(seen)) return seen;
    const { id } = seen.run;
    const { address } = answer.status.mqtt;
    if (this.#openIn === id) return seen;
    const problem = address === '' ? undefined : await this.#knock(address);
    if (problem !== undefined) return { ...seen, run: { ...seen.run, trouble: `its MQTT port ${address} ${problem}` } };
    this.#openIn = id;
    return seen;
  }
}

/** One canary for each process that does well, and what becomes of it. */
class CanaryNest {
  readonly #deps: Pick<GateWatchDependencies, 'sendCanary' | 'now'>;
  seen: CanarySeen = { name: 'none' };
  #returnedBefore = 0;
  #sent: { readonly run: string; readonly at: number } | undefined;

  constructor(deps: Pick<GateWatchDependencies, 'sendCanary' | 'now'>) {
    this.#deps = deps;
  }

  async look(status: GatewayStatus): Promise<void> {
    const { id } = runOf(status);
    const isSent = (this.seen.name === 'stored' || this.seen.name === 'returned') && this.seen.run === id;
    if (isSent) {
      if (returnedIn(status) > this.#returnedBefore) this.seen = { name: 'returned', run: id };
      return;
    }
    const { sendCanary, now } = this.#deps;
    if (this.#sent?.run === id && now() - this.#sent.at < canaryAgainMs) return;
    this.#sent = { run: id, at: now() };
    this.#returnedBefore = returnedIn(status);
    try {
      await sendCanary();
      this.seen = { name: 'stored', run: id };
    } catch (error) {
      this.seen = { name: 'refused', reason: (error as Error).message };
    }
  }
}
