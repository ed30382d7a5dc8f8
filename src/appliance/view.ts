import type { Appliance } from './appliance.ts';
import { type BootState, nextSlot, type SlotName, slotNames } from './boot-state.ts';
import type { RaucSlot, RaucStatus } from './rauc-text.ts';

/**
 * - `proven`: it has passed the health gate.
 * - `trial`: it runs, and has not passed it yet.
 * - `installed`: it was written, and the machine's next start is its first.
 * - `failed`: it was written and started, and did not pass.
 * - `incomplete`: writing to it began, and did not end (yet).
 * - `empty`: nothing was ever written to it.
 */
export type SlotState = 'proven' | 'trial' | 'installed' | 'failed' | 'incomplete' | 'empty';

/** One of the two root file systems, for people. */
export interface SlotView {
  readonly name: SlotName;
  readonly state: SlotState;
  readonly isRunning: boolean;
  /** The machine's next start is from it. */
  readonly isNext: boolean;
  /** Null: none, or nobody noted it. */
  readonly version: string | null;
  readonly build: string | null;
  readonly triesLeft: number;
  /** RFC 3339. Null: it came with the image, or nothing is in it. */
  readonly installedAt: string | null;
}

/** The machine that the gateway runs on. */
export interface ApplianceView extends Appliance {
  readonly slots: readonly SlotView[];
}

/** @param rauc undefined while it installs something */
export function slotsView(
  appliance: Appliance,
  running: SlotName,
  boot: BootState,
  rauc: RaucStatus | undefined,
): SlotView[] {
  const next = nextSlot(boot);
  return slotNames.map((name) => {
    const noted = rauc?.slots[name];
    const isRunning = name === running;
    const state = slotState(name, isRunning, boot, noted);
    const isKnown = state !== 'empty' && state !== 'incomplete';
    return {
      name,
      state,
      isRunning,
      isNext: name === next,
      version: isRunning ? appliance.version : isKnown ? (noted?.version ?? boot.slots[name].version ?? null) : null,
      build: isRunning ? appliance.build || null : isKnown ? (noted?.build ?? null) : null,
      triesLeft: boot.slots[name].triesLeft,
      installedAt: (isKnown && noted?.installedAt) || null,
    };
  });
}

function slotState(name: SlotName, isRunning: boolean, boot: BootState, noted: RaucSlot | undefined): SlotState {
  const { triesLeft, isProven, version } = boot.slots[name];
  if (isRunning) return isProven ? 'proven' : 'trial';
  if (isProven) return 'proven';
  if (noted?.status === 'pending' || noted?.status === 'failed') return 'incomplete';
  if (triesLeft > 0) return 'installed';
  if (noted?.status === 'ok' || version !== undefined) return 'failed';
  // While RAUC installs it tells nothing: it takes away what the boot loader knows of a slot before it writes there.
  return noted === undefined ? 'incomplete' : 'empty';
}
