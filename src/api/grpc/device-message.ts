import type { FieldValue } from '../../core/measurement.ts';
import type { DeviceDescription, DeviceSummary, FieldReport } from '../../registry/describe.ts';
import { Device, type DeviceField } from '../../wire/generated/headgate/v1/gateway.ts';
import type { Field } from '../../wire/generated/headgate/v1/record.ts';
import { timestampOf } from '../../wire/timestamp.ts';

/** A device of a list as a message. */
export function summaryMessage(device: DeviceSummary): Device {
  const { id, name, profile, source, via, presence, firstSeen, lastSeen, messages, measurements } = device;
  return Device.fromPartial({
    ...{ id, name, source, presence },
    ...(profile !== null && { profile: profile.name, profileVersion: profile.version }),
    ...(via !== null && { via }),
    lastSeen: instant(lastSeen?.at),
    firstSeen: instant(firstSeen.at),
    messages: BigInt(messages),
    measurements: BigInt(measurements),
  });
}

/** All of a device as a message. */
export function deviceMessage(device: DeviceDescription): Device {
  const attributes: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(device.attributes)) attributes[name] = String(value);
  return { ...summaryMessage(device), fields: device.fields.map(fieldMessage), attributes };
}

function fieldMessage({ name, value, unit, tags = '', at }: FieldReport): DeviceField {
  return { field: { name, unit: unit ?? '', value: fieldValue(value) }, tags, at: instant(at ?? undefined) };
}

/** A value as a field has it on the wire. */
export function fieldValue(value: FieldValue): NonNullable<Field['value']> {
  switch (typeof value) {
    case 'number':
      return { $case: 'number', value };
    case 'bigint':
      return { $case: 'integer', value };
    case 'boolean':
      return { $case: 'boolean', value };
    case 'string':
      return { $case: 'text', value };
    default:
      return { $case: 'data', value };
  }
}

function instant(iso: string | undefined) {
  return iso === undefined ? undefined : timestampOf(Date.parse(iso));
}
