import type { LiveEvent } from './protocol.ts';

/** Who hears what a way brings. */
export interface Ears {
  /** It begins: what follows comes after this cursor. `reset`: not where it was asked to go on. */
  begun(cursor: string, reset: string | undefined): void;
  event(event: LiveEvent): void;
  /** Everything up to here was told. */
  upTo(cursor: string): void;
  /** Some were left out. */
  gap(missed: number, reason: string): void;
}

/** Why a way ended. */
export type End =
  /**
   * The connection is gone. `isAnswered`: there was one, as far as that can be told. `isHeld`: it was taken, but nothing came by it, as if
   * something in between waited for its end. `retryMs`: not before that.
   */
  | {
      readonly kind: 'lost';
      readonly isAnswered: boolean;
      readonly isHeld?: boolean;
      readonly retryMs: number | undefined;
    }
  /** The gateway said no: 401, 403, 503. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly code: string;
      readonly detail: string;
      readonly retryMs: number | undefined;
    };

/** An entry of a batch: an event, or what is told between them. */
export function hearEntry(entry: Readonly<Record<string, unknown>>, ears: Ears): void {
  switch (entry.event) {
    case 'ready':
      ears.begun(String(entry.cursor), undefined);
      break;
    case 'reset':
      ears.begun(String(entry.cursor), String(entry.reason));
      break;
    case 'gap':
      ears.gap(Number(entry.missed), String(entry.reason));
      break;
    default:
      ears.event(entry as LiveEvent);
  }
}

/** What a refusal says. */
export async function refusalOf(response: Response): Promise<End> {
  const { status } = response;
  let body: Readonly<Record<string, unknown>> = {};
  try {
    body = (await response.json()) as Readonly<Record<string, unknown>>;
  } catch {
    // From a proxy, say.
  }
  const seconds = Number(response.headers.get('retry-after'));
  const retryMs = seconds > 0 ? seconds * 1_000 : undefined;
  return { kind: 'refused', status, code: String(body.code ?? 'unknown'), detail: String(body.detail ?? ''), retryMs };
}
