import { signal } from '@preact/signals';

// Ages are told by the gateway's clock: that of a phone, or of a Pi without a battery, may be anywhere.

let offsetMs = 0;
/** The gateway's time, a step a second, for what shows ages. In ms since 1970. */
export const now = signal(Date.now());

/** The gateway said what time it is. */
export function setGatewayTime(iso: string): void {
  const told = Date.parse(iso);
  if (Number.isNaN(told)) return;
  offsetMs = told - Date.now();
  tick();
}

/** In ms since 1970, by the gateway's clock. */
export function gatewayNow(): number {
  return Date.now() + offsetMs;
}

function tick(): void {
  if (document.visibilityState === 'visible') now.value = gatewayNow();
}

/** Lets `now` go on. */
export function startClock(): void {
  setInterval(tick, 1_000);
  document.addEventListener('visibilitychange', tick);
}
