import { jsonOf } from '../lib/json-value.ts';
import type { DeviceDescription } from '../registry/describe.ts';
import type { DevicePage } from './device-query.ts';

/** As many fields of a device as a list may tell. */
export const maxListedFields = 16;

/** A page of devices, each with the newest values of its first fields. */
export function withFields(
  page: DevicePage,
  devices: { describe(id: string): DeviceDescription | undefined },
  count: number,
): object {
  const described = page.devices.map((device) => {
    const fields = devices.describe(device.id)?.fields.slice(0, count) ?? [];
    return { ...device, fields: fields.map((field) => ({ ...field, value: jsonOf(field.value) })) };
  });
  return { ...page, devices: described };
}
