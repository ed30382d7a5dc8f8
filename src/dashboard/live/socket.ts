import { type Ears, type End, hearEntry } from './ears.ts';
import type { LiveFilter } from './protocol.ts';

/** A socket that does not open within that time never will, in ms. */
const openMs = 5_000;
/** It is asked that often whether it is there, and has to have said something by the next time, in ms. */
const pingMs = 15_000;

/** The frames of a WebSocket until it ends. */
export function readSocket(
  base: string,
  wish: LiveFilter,
  after: string | undefined,
  ears: Ears,
  abort: AbortSignal,
): Promise<End> {
  const url = new URL('api/v1/live/ws', base);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(url);
  let isHeard = true;
  let refusal: End | undefined;
  const opening = setTimeout(() => socket.close(), openMs);
  const pinging = setInterval(() => {
    if (!isHeard) socket.close();
    isHeard = false;
    if (socket.readyState === socket.OPEN) socket.send('{"type":"ping"}');
  }, pingMs);
  socket.onopen = () => {
    clearTimeout(opening);
    socket.send(JSON.stringify({ type: 'subscribe', id: 1, filter: wish, ...(after !== undefined && { after }) }));
  };
  socket.onmessage = ({ data }) => {
    isHeard = true;
    const frame = JSON.parse(data) as Readonly<Record<string, unknown>>;
    switch (frame.type) {
      case 'subscribed':
        ears.begun(String(frame.cursor), undefined);
        break;
      case 'reset':
        ears.begun(String(frame.cursor), String(frame.reason));
        break;
      case 'events':
        for (const entry of frame.events as Readonly<Record<string, unknown>>[]) hearEntry(entry, ears);
        ears.upTo(String(frame.cursor));
        break;
      case 'error':
        refusal = refusalIn(frame);
        break;
    }
  };
  return new Promise((resolve) => {
    abort.addEventListener('abort', () => socket.close(), { once: true });
    socket.onclose = () => {
      clearTimeout(opening);
      clearInterval(pinging);
      // A browser does not tell whether anybody was there: this way is taken only where somebody was.
      resolve(refusal ?? { kind: 'lost', isAnswered: true, retryMs: undefined });
    };
  });
}

function refusalIn({ status, code, detail, retryAfterSeconds }: Readonly<Record<string, unknown>>): End {
  const retryMs = typeof retryAfterSeconds === 'number' ? retryAfterSeconds * 1_000 : undefined;
  return { kind: 'refused', status: Number(status), code: String(code), detail: String(detail), retryMs };
}
