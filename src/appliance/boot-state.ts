/** One of the two root file systems. */
export type SlotName = 'A' | 'B';

export const slotNames = ['A', 'B'] as const;

export function otherSlot(name: SlotName): SlotName {
  return name === 'A' ? 'B' : 'A';
}

/** What the boot loader knows of one slot. */
export interface BootSlot {
  /** How often it may still be started before the other one's turn comes; at each start one is taken away. */
  readonly triesLeft: number;
  /** It has passed the health gate since it was written. */
  readonly isProven: boolean;
  /** What was in it when it passed; undefined when nobody noted that. */
  readonly version: string | undefined;
}

/** What the boot loader knows: a slot is started when it is the first in the order that has tries left. */
export interface BootState {
  readonly order: readonly [SlotName, SlotName];
  readonly slots: Readonly<Record<SlotName, BootSlot>>;
}

/** Tries that a slot on trial has; one that has proven itself has more. */
export const trialTries = 3;

/**
 * Reads GRUB's environment block, as `boot-state` writes it: lines of `NAME=VALUE`, then `#` up to 1024 bytes. What is missing or
 * damaged counts as not there: a slot without tries, the order A B.
 */
export function parseBootState(text: string): BootState {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    if (at > 0 && !line.startsWith('#')) values.set(line.slice(0, at), line.slice(at + 1));
  }
  const slot = (name: SlotName): BootSlot => {
    const left = values.get(`${name}_LEFT`) ?? '';
    const triesLeft = /^\d{1,2}$/.test(left) ? Number(left) : 0;
    const good = values.get(`${name}_GOOD`);
    const version = values.get(`${name}_VERSION`);
    return {
      triesLeft,
      // A block that says nothing of it: so many tries has none that is on trial.
      isProven: good === undefined ? triesLeft >= trialTries : good === '1',
      version: version === '' ? undefined : version,
    };
  };
  return { order: values.get('ORDER') === 'B A' ? ['B', 'A'] : ['A', 'B'], slots: { A: slot('A'), B: slot('B') } };
}

/** The slot that the machine starts next. */
export function nextSlot({ order: [first, second], slots }: BootState): SlotName {
  return slots[first].triesLeft > 0 || slots[second].triesLeft === 0 ? first : second;
}

/** The slot that runs, from the kernel's command line; undefined when that does not say. */
export function slotInCommandLine(text: string): SlotName | undefined {
  const found = text.split(/\s+/).findLast((word) => word.startsWith('headgate.slot='));
  const name = found?.slice('headgate.slot='.length);
  return name === 'A' || name === 'B' ? name : undefined;
}
