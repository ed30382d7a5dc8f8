import type { RuleOptions } from '../../src/admission/options.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Decoded, MessageKind } from '../../src/core/decoded.ts';
import type { FieldValue } from '../../src/core/measurement.ts';
import type { Message } from '../../src/core/message.ts';
import { parseConfigText } from '../../src/lib/settings/yaml-file.ts';

/** Rules as a user writes them, through the loader: defaults, units and checks included. */
export function rulesOf(yaml: string): readonly RuleOptions[] {
  const { value } = parseConfigText(yaml, 'rules');
  return loadConfig({ settings: [`rules=${JSON.stringify(value)}`] }).rules;
}

export function messageOf(topic: string, about: Partial<Message> = {}): Message {
  return { source: 'mqtt', topic, payload: new Uint8Array(), mqttQos: 1, ...about };
}

/** The measurement of a device; by default with no fields, as of something that could not be decoded. */
export function decodedOf(
  deviceId: string,
  fields: Record<string, FieldValue> = {},
  profile?: string,
  kind?: MessageKind,
): Decoded {
  const named = Object.entries(fields).map(([name, value]) => ({ name, value }));
  return {
    kind: kind ?? (named.length === 0 ? 'raw' : 'measurement'),
    deviceId,
    measurements: [{ deviceId, fields: named }],
    keepPayload: false,
    ...(profile === undefined ? {} : { profile: { name: profile, version: 1 } }),
  };
}
