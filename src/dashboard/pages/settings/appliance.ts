import { signal } from '@preact/signals';
import { ApiProblem, ask } from '../../api/ask.ts';
import type { GetApplianceAnswer } from '../../api/schema.ts';

/** Whether the gateway runs on a machine that updates itself; undefined: it was not asked yet, or did not say. */
export const isAppliance = signal<boolean | undefined>(undefined);

/** Asks once. */
export async function findAppliance(): Promise<void> {
  if (isAppliance.value !== undefined) return;
  try {
    await ask<GetApplianceAnswer>('api/v1/appliance');
    isAppliance.value = true;
  } catch (error) {
    // One that can't tell how it is, is one all the same: its page says what is wrong.
    if (error instanceof ApiProblem && error.status !== 0) isAppliance.value = error.code !== 'appliance.none';
  }
}
