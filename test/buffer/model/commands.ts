import fc from 'fast-check';
import type { Fault, Rig } from './rig.ts';
import { type RuleName, ruleNames } from './site.ts';

/** One step of a run. */
export type Command =
  | { readonly kind: 'append'; readonly rule: RuleName; readonly count: number; readonly size: number }
  | { readonly kind: 'thin'; readonly rule: RuleName }
  /** What is due at once is done; the disk does nothing. */
  | { readonly kind: 'turn' }
  /** The disk carries out so many requests. */
  | { readonly kind: 'work'; readonly count: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'jump'; readonly ms: number }
  | { readonly kind: 'connect' | 'disconnect' | 'pull' }
  | { readonly kind: 'arrive'; readonly count: number }
  /** Bit i: whether the i-th of what has arrived is acknowledged. */
  | { readonly kind: 'acknowledge'; readonly mask: number }
  /** The whole way, for all that waits. */
  | { readonly kind: 'deliver' }
  | { readonly kind: 'fault'; readonly fault: Fault }
  /** The disk fails for so many requests, and is well again. */
  | { readonly kind: 'glitch'; readonly fault: Fault; readonly count: number }
  | { readonly kind: 'rules' | 'crash' | 'restart' };

const yearMs = 365 * 86_400_000;

const append = fc.record({
  kind: fc.constant('append' as const),
  rule: fc.constantFrom(...ruleNames),
  count: fc.integer({ min: 1, max: 8 }),
  size: fc.constantFrom(20, 400, 8_000, 20_000),
});

/** So much that must not be dropped that there may be no room for anything else. */
const fill = fc.record({
  kind: fc.constant('append' as const),
  rule: fc.constantFrom<RuleName>('alarm', 'block'),
  count: fc.constant(8),
  size: fc.constant(20_000),
});

const commands: fc.Arbitrary<Command> = fc.oneof(
  { weight: 12, arbitrary: append },
  { weight: 2, arbitrary: fill },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('work' as const), count: fc.integer({ min: 1, max: 6 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(20, 60, 300, 1_100, 5_000, 12_000, 70_000),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'turn' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'connect' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'disconnect' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'pull' as const }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('arrive' as const), count: fc.integer({ min: 1, max: 8 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('acknowledge' as const), mask: fc.integer({ min: 1, max: 255 }) }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'deliver' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'crash' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      fault: fc.constantFrom<Fault>(
        'none',
        'none',
        'none',
        'full',
        'full',
        'io',
        'io',
        'create',
        'unlink',
        'reserve',
        'read',
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('glitch' as const),
      fault: fc.constantFrom<Fault>('full', 'io'),
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'rules' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('thin' as const), rule: fc.constantFrom(...ruleNames) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('jump' as const), ms: fc.constantFrom(-yearMs, yearMs, -3_600_000) }),
  },
);

/** Runs of commands; short ones are as likely as long ones. */
export const runs = (maxLength: number): fc.Arbitrary<Command[]> =>
  fc.array(commands, { minLength: 4, maxLength, size: 'max' });

export async function carryOut(rig: Rig, command: Command): Promise<void> {
  switch (command.kind) {
    case 'append':
      for (let i = 0; i < command.count; i++) rig.append(command.rule, command.size);
      break;
    case 'thin':
      rig.thin(command.rule);
      break;
    case 'turn':
      await rig.time.turn();
      break;
    case 'work':
      await rig.time.turn();
      await rig.work(command.count);
      break;
    case 'wait':
      await rig.time.advance(command.ms, Math.max(1_000, command.ms / 4));
      break;
    case 'jump':
      rig.time.jump(command.ms);
      break;
    case 'connect':
      rig.uplink.connect();
      rig.uplink.pull();
      break;
    case 'disconnect':
      rig.uplink.disconnect();
      break;
    case 'pull':
      rig.uplink.pull();
      break;
    case 'arrive':
      rig.uplink.arrive(command.count);
      break;
    case 'acknowledge':
      rig.uplink.acknowledge((index) => (command.mask & (1 << (index % 8))) !== 0);
      break;
    case 'deliver':
      rig.uplink.pull();
      await rig.work();
      await rig.work();
      rig.uplink.arrive(Number.POSITIVE_INFINITY);
      rig.uplink.acknowledge(() => true);
      break;
    case 'fault':
      rig.setFault(command.fault);
      break;
    case 'glitch':
      rig.setFault(command.fault);
      await rig.time.turn();
      await rig.work(command.count);
      rig.setFault('none');
      break;
    case 'rules':
      rig.changeRules();
      break;
    case 'crash':
      await rig.crash();
      break;
    case 'restart':
      await rig.restart();
      break;
  }
  rig.check();
}
