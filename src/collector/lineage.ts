import type { UnixMs } from '../core/time.ts';

/** Proposals that are remembered until one of them is confirmed: a gateway whose connection flaps gets one each time. */
const maxProposed = 16;
/** Epochs of one gateway that are remembered: that many new data directories. */
const maxEpochs = 16;

/** Which copy of an epoch's data directory goes on. */
export type Standing =
  /** None has been confirmed: whoever is the first to do so. */
  | { readonly name: 'open' }
  /** The one that was given this lineage last. */
  | { readonly name: 'current'; readonly lineage: string }
  /** None: another epoch has taken its place. */
  | { readonly name: 'over' };

/** When and from where somebody last spoke for an epoch, or took its place. */
export interface Seen {
  readonly at: UnixMs;
  /** `HOST:PORT` */
  readonly from: string;
}

export interface EpochEntry extends Seen {
  readonly epoch: string;
  readonly standing: Standing;
  /** Lineages that were proposed to who had the current one. One may be durable at the gateway and not confirmed yet. */
  readonly proposed: readonly string[];
}

/** What the collectors remember of one gateway: the epochs that it had, that heard last behind the others. */
export interface GatewayEntry {
  readonly epochs: readonly EpochEntry[];
}

/** What a hello says of where it comes from. */
export interface Claim {
  readonly gateway: string;
  readonly epoch: string;
  readonly lineages: readonly string[];
  /** The epoch whose place it takes; empty: none. */
  readonly takesOver: string;
}

/** What has been proposed to a gateway. */
export interface Proposal {
  readonly claim: Claim;
  readonly lineage: string;
  /** The lineage that it follows; empty: none. */
  readonly follows: string;
}

export type Decision<T> =
  | ({ readonly name: 'accepted'; readonly entry: GatewayEntry } & T)
  /** For the gateway's owner: what is the matter, and the way out. */
  | { readonly name: 'refused'; readonly reason: string };

const unknown: GatewayEntry = { epochs: [] };

/**
 * A hello came. Whoever speaks the current lineage, or one that was proposed to who had it, is the data directory that
 * goes on, and is proposed the next. Whoever speaks an older one is a copy of it.
 *
 * @param lineage a name that was never used before
 */
export function propose(
  entry: GatewayEntry | undefined,
  claim: Claim,
  lineage: string,
  seen: Seen,
): Decision<{ readonly proposal: Proposal }> {
  const known = epochOf(entry, claim.epoch) ?? {
    epoch: claim.epoch,
    standing: { name: 'open' },
    proposed: [],
    ...seen,
  };
  const { standing, proposed } = known;
  const accept = (next: EpochEntry, follows: string): Decision<{ readonly proposal: Proposal }> => ({
    name: 'accepted',
    entry: withEpoch(entry, { ...next, proposed: [...next.proposed, lineage].slice(-maxProposed) }),
    proposal: { claim, lineage, follows },
  });
  // It is durable at the gateway, so from now on it is what counts. Confirm was lost, or is about to come.
  const adopted = proposed.find((name) => claim.lineages.includes(name));
  if (adopted !== undefined && standing.name !== 'over') {
    return accept({ ...known, standing: { name: 'current', lineage: adopted }, proposed: [], ...seen }, adopted);
  }
  if (standing.name === 'current' && claim.lineages.includes(standing.lineage)) return accept(known, standing.lineage);
  if (standing.name === 'open' || claim.takesOver === claim.epoch) return accept(known, '');
  return { name: 'refused', reason: refusal(claim.gateway, known) };
}

/**
 * A gateway says which lineage is durable there: the proposal, which counts from now on, or the one that it follows,
 * because its disk refused the proposal; then all stays as it is.
 */
export function confirm(
  entry: GatewayEntry | undefined,
  { claim, lineage, follows }: Proposal,
  confirmed: string,
  seen: Seen,
): Decision<object> {
  const known = epochOf(entry, claim.epoch);
  if (known === undefined) {
    return { name: 'refused', reason: 'What the collector knew of this gateway is gone: say hello again.' };
  }
  if (confirmed === lineage && known.proposed.includes(lineage)) {
    const current: EpochEntry = { ...known, standing: { name: 'current', lineage }, proposed: [], ...seen };
    const { takesOver, epoch } = claim;
    if (takesOver === '' || takesOver === epoch) return { name: 'accepted', entry: withEpoch(entry, current) };
    const over: EpochEntry = { epoch: takesOver, standing: { name: 'over' }, proposed: [], ...seen };
    return { name: 'accepted', entry: withEpoch(withEpoch(entry, over), current) };
  }
  const isKept = confirmed === follows && currentOf(known) === follows;
  if (isKept) return { name: 'accepted', entry: withEpoch(entry, { ...known, ...seen }) };
  return { name: 'refused', reason: refusal(claim.gateway, known) };
}

/** Whether who confirmed this lineage still goes on. */
export function counts(entry: GatewayEntry | undefined, epoch: string, lineage: string): boolean {
  const known = epochOf(entry, epoch);
  return known !== undefined && known.standing.name !== 'over' && currentOf(known) === lineage;
}

export function epochOf(entry: GatewayEntry = unknown, epoch: string): EpochEntry | undefined {
  return entry.epochs.find((known) => known.epoch === epoch);
}

/** Empty: none has been confirmed. */
function currentOf({ standing }: EpochEntry): string {
  return standing.name === 'current' ? standing.lineage : '';
}

function withEpoch({ epochs }: GatewayEntry = unknown, one: EpochEntry): GatewayEntry {
  return { epochs: [...epochs.filter(({ epoch }) => epoch !== one.epoch), one].slice(-maxEpochs) };
}

function refusal(gateway: string, { standing, at, from }: EpochEntry): string {
  const when = `at ${new Date(at).toISOString()} from ${from}`;
  const what =
    standing.name === 'over'
      ? `another machine has taken the place of gateway ${gateway} ${when}`
      : `another machine runs as gateway ${gateway} with a newer state of the same data (connected ${when})`;
  return (
    `${what}: this one is a cloned card or a restored copy. Nothing of it is lost, and nothing is sent. ` +
    'Give this machine a `gateway.id` of its own, or a new `dataDir`. If it is the one to go on as ' +
    `${gateway}, stop it, run \`headgate take-over --data-dir DIR\`, and start it again.`
  );
}
