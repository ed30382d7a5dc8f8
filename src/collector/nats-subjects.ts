import { createHash } from 'node:crypto';
import { escapePart } from './state-store.ts';

/** All subjects of records begin with it. */
export const subjectRoot = 'headgate';

/** Longer ones are cut: NATS takes subjects of a few thousand characters, and a topic of MQTT may have 65,535 bytes. */
const maxToken = 200;
const keptOfLong = 160;
const maxKnown = 8192;

/**
 * Any text as one token of a subject: what is no letter, digit, `-` or `_` is written as `=` and two hex digits for each
 * byte, as in the keys of a state store. An empty text is `=`; one that would be longer than 200 characters is its
 * first 160, `==`, and 32 hex digits of its SHA-256. So different texts are different tokens.
 */
export function tokenOf(text: string): string {
  if (text === '') return '=';
  const token = escapePart(text);
  if (token.length <= maxToken) return token;
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 32);
  return `${token.slice(0, keptOfLong)}==${digest}`;
}

/** The subject of one gateway's records, whatever their device. */
export function subjectsOf(gateway: string): string {
  return `${subjectRoot}.${tokenOf(gateway)}.*`;
}

/** What comes before the sequence in the `Nats-Msg-Id` of a record. */
export function idPrefix(gateway: string, epoch: string): string {
  return `${tokenOf(gateway)}/${tokenOf(epoch)}/`;
}

/** The subjects of one gateway's records: remembers its devices, so keep one for as long as records come. */
export class Subjects {
  readonly #prefix: string;
  readonly #byDevice = new Map<string, string>();

  constructor(gateway: string) {
    this.#prefix = `${subjectRoot}.${tokenOf(gateway)}.`;
  }

  of(deviceId: string): string {
    const known = this.#byDevice.get(deviceId);
    if (known !== undefined) return known;
    const subject = this.#prefix + tokenOf(deviceId);
    if (this.#byDevice.size >= maxKnown) this.#byDevice.clear();
    this.#byDevice.set(deviceId, subject);
    return subject;
  }
}
