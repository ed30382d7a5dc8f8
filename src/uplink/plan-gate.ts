import type { Priority } from '../core/priority.ts';
import type { PlanKeeper } from './plan-keeper.ts';

type ByPriority<L> = Readonly<Record<Priority, readonly L[]>>;

const nothing: readonly never[] = [];

/** The data plan as one connection sees it: what may go now, and what it has cost. Without a plan everything may. */
export class PlanGate {
  readonly #plan: PlanKeeper | undefined;
  readonly #wireBytes: () => number;
  readonly #onEnd: () => void;
  /** What the plan has been told for this connection. */
  #told = 0;
  #isOver = false;

  /**
   * @param wireBytes what the connection has moved so far
   * @param onEnd called once, when it is over
   */
  constructor(plan: PlanKeeper | undefined, wireBytes: () => number, onEnd: () => void = () => {}) {
    this.#plan = plan;
    this.#wireBytes = wireBytes;
    this.#onEnd = onEnd;
  }

  /** What the connection has moved so far. */
  get wireBytes(): number {
    return this.#wireBytes();
  }

  /** What those that are not exempt may send now, in bytes. */
  get roomBytes(): number {
    return this.#plan?.roomBytes() ?? Number.POSITIVE_INFINITY;
  }

  /** The lanes that may send now; undefined when none may. */
  open<L>(lanes: ByPriority<L>): ByPriority<L> | undefined {
    const plan = this.#plan;
    if (plan === undefined || plan.roomBytes() > 0) return lanes;
    const exempt = (priority: Priority): readonly L[] => (plan.isExempt(priority) ? lanes[priority] : nothing);
    const open = { critical: exempt('critical'), normal: exempt('normal'), bulk: exempt('bulk') };
    return open.critical.length + open.normal.length + open.bulk.length > 0 ? open : undefined;
  }

  /** An upload of so many bytes goes out; fewer than 0 when it turned out smaller than said. */
  spent(bytes: number): void {
    if (this.#isOver) return;
    this.#told += bytes;
    this.#plan?.spent(bytes);
  }

  /**
   * Tells the plan what went over the wire beside uploads: acknowledgements, headers, probes. What is told of and still
   * waits in a socket is not given back: it will go.
   */
  settle(): void {
    const extra = this.#wireBytes() - this.#told;
    if (extra > 0) this.spent(extra);
  }

  /** The connection is over: what was told of and still waited in a socket has not gone, and is given back. */
  end(): void {
    if (this.#isOver) return;
    this.spent(this.#wireBytes() - this.#told);
    this.#isOver = true;
    this.#onEnd();
  }
}

/** For a connection that nobody counts. */
export const openGate = (): PlanGate => new PlanGate(undefined, () => 0);
