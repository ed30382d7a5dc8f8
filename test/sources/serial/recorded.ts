import { readProfiles } from '../../../src/profiles/directory.ts';

const { profiles } = readProfiles('devices');

/** What devices of a profile said, as recorded: the examples that are whole. */
export function recorded(profile: string): Buffer[] {
  const { options } = profiles.get(profile)!;
  const examples = (options.examples ?? []).filter(({ kind, gives }) => kind !== 'failed' && gives !== undefined);
  return examples.map(({ payload, payloadHex }) =>
    payloadHex === undefined
      ? Buffer.from(`${payload?.trimEnd()}\r\n`)
      : Buffer.from(payloadHex.replaceAll(' ', ''), 'hex'),
  );
}
