import { LiveHub } from './hub.ts';
import type { FromPage } from './protocol.ts';

// The SharedWorker: one for all pages of this browser.

declare const self: { onconnect: (event: MessageEvent) => void };

let hub: LiveHub | undefined;

self.onconnect = ({ ports: [port] }) => {
  if (port === undefined) return;
  const listener = { tell: (message: unknown) => port.postMessage(message) };
  port.onmessage = ({ data }: MessageEvent<FromPage & { base: string }>) => {
    hub ??= new LiveHub(data.base);
    hub.hear(listener, data);
  };
};
