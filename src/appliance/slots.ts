import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { HeadgateError } from '../core/errors.ts';
import { machine, type Places, theAppliance } from './appliance.ts';
import { type BootState, otherSlot, parseBootState, type SlotName, slotInCommandLine } from './boot-state.ts';

/** The slot that runs. */
export interface RunningSlot {
  readonly name: SlotName;
  readonly version: string;
  /** It was installed and has not yet passed the health gate: when its tries are used up, the other slot is started. */
  readonly isOnTrial: boolean;
  readonly triesLeft: number;
}

/** Writing to the boot partition waits for whoever else does; after half a minute it gives up by itself. */
const markMs = 60_000;

/** @throws {HeadgateError} appliance.none; appliance.failed when the machine does not tell which slot runs */
export async function runningSlot(places: Places = machine): Promise<RunningSlot> {
  const { version } = await theAppliance(places);
  const name = await runningSlotName(places);
  const { slots } = await readBootState(places);
  return { name, version, isOnTrial: !slots[name].isProven, triesLeft: slots[name].triesLeft };
}

/** The running slot is one that works: it keeps being started. For root. @throws {HeadgateError} appliance.failed */
export async function markGood(places: Places = machine): Promise<void> {
  await mark('good', places);
}

/** The running slot does not work: at the next start it is the other one's turn. For root. @throws {HeadgateError} appliance.failed */
export async function markBad(places: Places = machine): Promise<void> {
  await mark('bad', places);
}

/** The other slot has used its tries up: it is not looked at again until something is installed there. For root. @throws {HeadgateError} appliance.failed */
export async function markOtherBad(places: Places = machine): Promise<void> {
  await mark('bad', places, otherSlot(await runningSlotName(places)));
}

/** What the boot loader knows. @throws {HeadgateError} appliance.failed */
export async function readBootState({ bootState, bootStateCopy }: Places = machine): Promise<BootState> {
  let failure: unknown;
  for (const path of [bootState, bootStateCopy]) {
    try {
      return parseBootState(await readFile(path, 'latin1'));
    } catch (error) {
      // The partition is not mounted, or not for everybody: the copy tells the same.
      failure ??= error;
    }
  }
  throw new HeadgateError('appliance.failed', `The boot state can't be read: ${(failure as Error).message}.`, {
    cause: failure,
  });
}

/** @throws {HeadgateError} appliance.failed */
export async function runningSlotName({ commandLine }: Places = machine): Promise<SlotName> {
  const name = slotInCommandLine(await readFile(commandLine, 'utf8'));
  if (name !== undefined) return name;
  throw new HeadgateError(
    'appliance.failed',
    'The machine does not tell which slot it runs from: its kernel was started without `headgate.slot=`.',
  );
}

async function mark(state: 'good' | 'bad', places: Places, slot?: SlotName): Promise<void> {
  const name = slot ?? (await runningSlotName(places));
  await new Promise<void>((resolve, reject) => {
    const args = ['set-state', name, state];
    execFile(places.bootStateProgram, args, { timeout: markMs }, (error, _, said) => {
      if (!error) return resolve();
      const why = said.trim().replace(/^boot-state: /, '') || error.message;
      const message = `Slot ${name} can't be marked ${state}: ${why}.`;
      reject(new HeadgateError('appliance.failed', message, { cause: error }));
    });
  });
}
