import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MessageKind } from '../../src/core/decoded.ts';

/** One real payload, where it is from, and what it means. */
export interface Sample {
  readonly id: string;
  readonly protocol: string;
  readonly transport: 'mqtt' | 'serial';
  readonly topic?: string;
  readonly payload_text?: string;
  readonly payload_hex?: string;
  readonly expected: readonly {
    readonly metric: string;
    readonly value: number | boolean | string;
    readonly unit?: string;
    readonly time?: string;
    readonly tags?: Readonly<Record<string, string>>;
  }[];
  /** Not all that it gives is listed. */
  readonly expected_is_subset?: boolean;
  readonly tolerance?: number;
  readonly kind?: string;
  readonly online?: boolean;
  readonly device?: { readonly id?: string };
  /** Samples that come before it, by their ids. */
  readonly after?: string | readonly string[];
  readonly frames_hex?: readonly string[];
  readonly request_hex?: string;
  readonly note?: string;
  readonly source: string;
}

export const samples: readonly Sample[] = JSON.parse(readFileSync(join(import.meta.dirname, 'samples.json'), 'utf8'));

export function payloadOf({ payload_text: text, payload_hex: hex = '' }: Sample): Uint8Array {
  return text === undefined ? Buffer.from(hex, 'hex') : Buffer.from(text);
}

/** How a decoder may call what a sample calls by its own word. */
export const kindsOf: Readonly<Record<string, readonly MessageKind[]>> = {
  availability: ['availability'],
  discovery: ['discovery'],
  'discovery-delete': ['discovery'],
  banner: ['discovery'],
  alert: ['event'],
  log: ['log'],
  duplicate: ['duplicate'],
  event: ['event'],
  error: ['failed'],
  'command-answer': ['command'],
  incomplete: ['failed'],
  'unresolved-alias': ['failed', 'raw'],
};
