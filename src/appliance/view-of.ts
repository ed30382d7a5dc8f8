import { type Places, theAppliance } from './appliance.ts';
import { Rauc } from './rauc.ts';
import { readBootState, runningSlotName } from './slots.ts';
import { type ApplianceView, slotsView } from './view.ts';

/** How the machine is. @throws {HeadgateError} appliance.none, appliance.failed */
export async function viewOf(places: Places): Promise<ApplianceView> {
  const appliance = await theAppliance(places);
  const running = await runningSlotName(places);
  // RAUC asks the boot loader's program, which brings the copy of the boot state up to date: so it comes first.
  const status = await new Rauc([places.rauc]).status();
  return { ...appliance, slots: slotsView(appliance, running, await readBootState(places), status) };
}
