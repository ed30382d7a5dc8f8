import type { CommandAnswer } from '../core/command.ts';

/** A longer result is not kept: it lies on disk and in memory until the collector has it. */
const maxResultBytes = 64 * 1024;

/**
 * What a device's message says of its command. `{"status": "ok", "result": …}` and `{"status": "failed", "reason": "…",
 * "result": …}` say it in words; any other payload says that it was done, and is its result. A `result` that is a text
 * is kept as it is, anything else as JSON.
 */
export function readAnswer(payload: Uint8Array): CommandAnswer {
  const said = objectIn(payload);
  switch (said?.status) {
    case 'ok':
      return { outcome: 'ok', ...kept(bytesOf(said.result)) };
    case 'failed': {
      const reason = typeof said.reason === 'string' && said.reason !== '' ? said.reason : 'the device gave no reason';
      return { outcome: 'failed', reason: reason.slice(0, 1_000), ...kept(bytesOf(said.result)) };
    }
    default:
      return { outcome: 'ok', ...kept(payload) };
  }
}

/** An answer that a carrier has read, with what is kept of its result. */
export function keptAnswer(answer: CommandAnswer): CommandAnswer {
  const { result = new Uint8Array() } = answer;
  if (answer.outcome === 'ok') return { outcome: 'ok', ...kept(result) };
  return { outcome: 'failed', reason: answer.reason.slice(0, 1_000), ...kept(result) };
}

function objectIn(payload: Uint8Array): { status?: unknown; reason?: unknown; result?: unknown } | undefined {
  // '{': most answers of simple devices are a word.
  if (payload[0] !== 0x7b) return undefined;
  try {
    return JSON.parse(Buffer.from(payload).toString());
  } catch {
    // It only looks like JSON: then it is what it is.
    return undefined;
  }
}

function bytesOf(result: unknown): Uint8Array {
  if (result === undefined) return new Uint8Array();
  return Buffer.from(typeof result === 'string' ? result : JSON.stringify(result));
}

function kept(result: Uint8Array): { result?: Uint8Array } {
  if (result.length === 0) return {};
  if (result.length <= maxResultBytes) return { result: Uint8Array.from(result) };
  return { result: Buffer.from(`(a result of ${result.length} bytes, too long to be kept)`) };
}
