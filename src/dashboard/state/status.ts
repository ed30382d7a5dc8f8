import { signal } from '@preact/signals';
import { ask } from '../api/ask.ts';
import type { GetStatusAnswer } from '../api/schema.ts';
import { setGatewayTime } from './clock.ts';

/** Everything the gateway says of itself. */
export type GatewayStatus = GetStatusAnswer;

/** The newest; undefined until there is one. */
export const status = signal<GatewayStatus | undefined>(undefined);

const paceMs = 2_000;
let users = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Keeps `status` fresh, every two seconds while the page is seen, until the returned function is called. */
export function useOfStatus(): () => void {
  users++;
  if (users === 1) void refresh();
  return () => {
    users--;
    if (users === 0) clearTimeout(timer);
  };
}

/** Asks now. */
export async function refresh(): Promise<void> {
  clearTimeout(timer);
  try {
    if (document.visibilityState === 'visible') {
      const answer = await ask<GatewayStatus>('api/v1/status');
      setGatewayTime(answer.clock.now);
      status.value = answer;
    }
  } catch {
    // What the page says of the stream says it: the gateway does not answer, or does not know who asks.
  } finally {
    clearTimeout(timer);
    if (users > 0) timer = setTimeout(refresh, paceMs);
  }
}

if (typeof document !== 'undefined')
  document.addEventListener('visibilitychange', () => {
    if (users > 0 && document.visibilityState === 'visible') void refresh();
  });
