import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Claim, confirm, counts, type GatewayEntry, type Proposal, propose } from '../../src/collector/lineage.ts';

const seen = { at: Date.UTC(2026, 10, 25, 12), from: '192.0.2.7:1234' };

/** What lies on a gateway's disk. */
interface Disk {
  readonly epoch: string;
  readonly lineages: readonly string[];
  readonly takesOver: string;
}

/** What becomes of a connection: where it breaks off, or what the gateway's disk does. */
const fates = ['proposed', 'saved', 'confirmed', 'refused by the disk'] as const;
type Fate = (typeof fates)[number];

/** The collectors' common memory, and gateways that connect to it. */
class World {
  entry: GatewayEntry | undefined;
  readonly #name: string;
  #names = 0;

  constructor(name = 'L') {
    this.#name = name;
  }

  hello(disk: Disk): Proposal | string {
    const claim: Claim = { gateway: 'gw', ...disk };
    const decision = propose(this.entry, claim, `${this.#name}${++this.#names}`, seen);
    if (decision.name === 'refused') return decision.reason;
    this.entry = decision.entry;
    return decision.proposal;
  }

  confirm(proposal: Proposal, confirmed = proposal.lineage): string | undefined {
    const decision = confirm(this.entry, proposal, confirmed, seen);
    if (decision.name === 'refused') return decision.reason;
    this.entry = decision.entry;
    return undefined;
  }

  /** A whole connection, up to where it breaks. @returns the disk after it; a text when it was refused */
  connect(disk: Disk, fate: Fate = 'confirmed'): Disk | string {
    const proposal = this.hello(disk);
    if (typeof proposal === 'string') return proposal;
    if (fate === 'proposed') return disk;
    if (fate === 'refused by the disk') return this.confirm(proposal, proposal.follows) ?? disk;
    const saved = save(disk, proposal);
    if (fate === 'saved') return saved;
    return this.confirm(proposal) ?? saved;
  }
}

function save(disk: Disk, { lineage, follows }: Proposal): Disk {
  return { ...disk, lineages: [...disk.lineages.filter((one) => one !== follows), lineage], takesOver: '' };
}

const fresh: Disk = { epoch: 'e', lineages: [], takesOver: '' };

function connected(result: Disk | string): Disk {
  if (typeof result === 'string') assert.fail(result);
  return result;
}

test('one gateway is never refused, wherever its connections break, and whatever its disk does', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...fates), { maxLength: 15 }), (story) => {
      const world = new World();
      let disk = fresh;
      for (const fate of story) disk = connected(world.connect(disk, fate));
      connected(world.connect(disk));
    }),
  );
});

test('of two copies, whenever they part, exactly one goes on, and the other is refused for ever', () => {
  const steps = fc.array(fc.record({ isCopy: fc.boolean(), fate: fc.constantFrom<Fate>('proposed', 'saved') }), {
    maxLength: 10,
  });
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...fates), { maxLength: 6 }), steps, fc.boolean(), (story, race, copyWins) => {
      const world = new World();
      let disk = fresh;
      for (const fate of story) disk = connected(world.connect(disk, fate));
      const disks = [disk, disk];
      for (const { isCopy, fate } of race) {
        const result = world.connect(disks[Number(isCopy)]!, fate);
        if (typeof result !== 'string') disks[Number(isCopy)] = result;
      }
      const isRefused = [false, false];
      for (let round = 0; round < 6; round++) {
        const which = (round + Number(copyWins)) % 2;
        const result = world.connect(disks[which]!);
        if (typeof result === 'string') isRefused[which] = true;
        else {
          assert.ok(!isRefused[which], 'who was refused is not taken again');
          disks[which] = result;
        }
      }
      assert.deepEqual(isRefused.toSorted(), [false, true]);
    }),
  );
});

test('both say hello before either confirms: the first to confirm goes on', () => {
  const world = new World();
  const disk = connected(world.connect(fresh));
  const first = world.hello(disk) as Proposal;
  const second = world.hello(disk) as Proposal;
  assert.equal(world.confirm(second), undefined);
  assert.match(
    world.confirm(first)!,
    /another machine runs as gateway gw .*2026-11-25T12:00:00.000Z from 192.0.2.7:1234/,
  );
  assert.ok(counts(world.entry, 'e', second.lineage) && !counts(world.entry, 'e', first.lineage));
});

test('a disk that refuses: the gateway goes on with what it has, and a copy that does better takes its place', () => {
  const world = new World();
  const disk = connected(world.connect(fresh));
  connected(world.connect(disk, 'refused by the disk'));
  assert.ok(counts(world.entry, 'e', disk.lineages[0]!));
  connected(world.connect(disk));
  assert.ok(!counts(world.entry, 'e', disk.lineages[0]!));
  assert.equal(typeof world.connect(disk, 'refused by the disk'), 'string');
});

test('a restored backup takes the place of the machine that it is of, once', () => {
  const world = new World();
  const backup = connected(world.connect(fresh));
  const original = connected(world.connect(backup));
  assert.equal(typeof world.connect(backup), 'string');
  const restored = { ...backup, takesOver: 'e' };
  // However often its first connection breaks.
  connected(world.connect(restored, 'proposed'));
  const saved = connected(world.connect(restored, 'saved'));
  const goesOn = connected(world.connect(saved));
  assert.match(world.connect(original) as string, /cloned card or a restored copy.*headgate take-over/);
  connected(world.connect(goesOn));
});

test('who takes over under a new epoch ends the old one, even where nobody knew it', () => {
  for (const isKnown of [true, false]) {
    const world = new World();
    const other = isKnown ? connected(world.connect(fresh)) : fresh;
    let taking: Disk = { ...fresh, epoch: 'e2', takesOver: 'e' };
    taking = connected(world.connect(taking, 'saved'));
    if (isKnown) assert.ok(counts(world.entry, 'e', other.lineages[0]!), 'not before it is confirmed');
    taking = connected(world.connect({ ...taking, takesOver: 'e' }));
    assert.match(world.connect(other) as string, /another machine has taken the place of gateway gw/);
    connected(world.connect(taking));
  }
});

test('a new data directory of the same gateway is nobody’s copy', () => {
  const world = new World();
  const old = connected(world.connect(fresh));
  connected(world.connect({ ...fresh, epoch: 'e2' }));
  connected(world.connect(old));
});

test('a collector that knows nothing believes whoever comes first, and collectors that know nothing of one another agree', () => {
  const [here, there] = [new World('here'), new World('there')];
  let disk = connected(here.connect({ ...fresh, lineages: ['of old'] }));
  disk = connected(there.connect(disk));
  const copy = disk;
  for (let i = 0; i < 3; i++) disk = connected(there.connect(connected(here.connect(disk))));
  assert.equal(typeof here.connect(copy), 'string');
  assert.equal(typeof there.connect(copy), 'string');
  assert.equal(disk.lineages.length, 3);
});

test('what is remembered of one gateway stays small', () => {
  const world = new World();
  for (let i = 0; i < 100; i++) world.hello({ ...fresh, epoch: `e${i % 40}` });
  for (let i = 0; i < 100; i++) world.hello(fresh);
  assert.equal(world.entry!.epochs.length, 16);
  assert.ok(world.entry!.epochs.every(({ proposed }) => proposed.length <= 16));
});
