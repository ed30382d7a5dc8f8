import { formatDuration, parseDuration } from '../core/units.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import type { DemoEvent } from './demo/fleet.ts';
import type { Terminal } from './terminal.ts';

const usualUrl = 'mqtt://127.0.0.1:1883';
const maxRate = 10_000;

const usage = {
  verb: 'demo',
  about: 'Lets a handful of simulated devices publish to a gateway over MQTT, QoS 1, until Ctrl-C.',
  options: {
    url: { value: 'URL', about: `The gateway; ${usualUrl} without it.` },
    rate: { value: 'N', about: 'Messages a second, of all devices together; 5 without it.' },
    count: { value: 'N', about: "Stop once N are acknowledged (the devices' goodbyes come after)." },
    duration: { value: 'TIME', about: 'Stop after this time, such as 30s or 5m.' },
    seed: { value: 'N', about: 'Repeat the noise of another run; 1 without it.' },
    json: { about: 'Print one JSON object a line, for programs.' },
  },
} as const satisfies Usage;

/** `headgate demo`: 0 at its end, 1 when `--duration` was over before `--count` was reached or no gateway answered. */
export async function demo(args: string[], terminal: Terminal): Promise<number> {
  const { values, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const url = urlOf(values.url ?? usualUrl);
  const rate = rateOf(values.rate ?? '5');
  const count = values.count === undefined ? undefined : countOf(values.count);
  const durationMs = values.duration === undefined ? undefined : durationOf(values.duration);
  const seed = seedOf(values.seed ?? '1');

  const [{ runFleet, withoutPassword }, { demoDevices }] = await Promise.all([
    import('./demo/fleet.ts'),
    import('./demo/devices.ts'),
  ]);
  const shownUrl = withoutPassword(url);
  if (!values.json) {
    const until = count === undefined && durationMs === undefined ? ' Ctrl-C ends it.' : '';
    terminal.out(`${demoDevices.length} simulated devices publish to ${shownUrl}, ${rate} messages a second.${until}`);
  }
  const tell = values.json
    ? (event: DemoEvent) => terminal.out(JSON.stringify(forPrograms(event)))
    : (event: DemoEvent) => (event.event === 'unreachable' ? terminal.err : terminal.out)(forPeople(event, shownUrl));

  const stopping = new AbortController();
  const stop = () => stopping.abort();
  // Only once: the second signal finds the system's own way of ending a process.
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    const end = await runFleet({ url, devices: demoDevices, rate, seed, count, durationMs }, stopping.signal, tell);
    if (count === undefined || end.reason !== 'duration') return 0;
    terminal.err(`headgate: The time was over before ${count} messages were acknowledged.`);
    return 1;
  } finally {
    process.removeListener('SIGINT', stop);
    process.removeListener('SIGTERM', stop);
  }
}

function forPrograms(event: DemoEvent): object {
  if (event.event !== 'device') return event;
  const { device, message } = event;
  return { event: 'device', device: device.name, topic: message.topic, payload: message.payload };
}

function forPeople(event: DemoEvent, url: string): string {
  switch (event.event) {
    case 'device':
      return `  ${event.device.name.padEnd(34)}${event.message.topic}  ${shortened(event.message.payload)}`;
    case 'progress':
      return `${formatDuration(event.elapsedMs).padStart(11)}  ${event.published} published, ${event.acknowledged} acknowledged`;
    case 'unreachable':
      return `No gateway can be reached at ${url}: ${event.reason}. Trying again until it answers; \`npm start\` starts it.`;
    case 'reachable':
      return `The gateway at ${url} answers.`;
    case 'end': {
      const { published, acknowledged, elapsedMs, goodbyes } = event;
      const missing = published - acknowledged;
      const unknown = missing ? ` Of the other ${missing} it is not known whether the gateway has them.` : '';
      const among = goodbyes ? ` (${goodbyes} of them to say goodbye)` : '';
      return `Done after ${formatDuration(elapsedMs)}: ${published} published${among}, ${acknowledged} acknowledged by the gateway.${unknown}`;
    }
  }
}

function shortened(payload: string): string {
  return payload.length > 64 ? `${payload.slice(0, 63)}…` : payload;
}

function urlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url?.hostname || !['mqtt:', 'mqtts:'].includes(url.protocol))
    throw wrong(usage, `--url takes an address such as ${usualUrl}, not ${text}.`);
  return text;
}

function rateOf(text: string): number {
  const rate = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (rate < 0.01 || rate > maxRate) throw wrong(usage, `--rate takes a number from 0.01 to ${maxRate}, not ${text}.`);
  return rate;
}

function countOf(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw wrong(usage, `--count takes a whole number from 1 on, not ${text}.`);
  return Number(text);
}

function durationOf(text: string): number {
  const ms = parseDuration(text);
  // Beyond 2^31 ms a timer of Node's would fire at once.
  if (!ms || ms >= 2 ** 31) throw wrong(usage, `--duration takes a time from 1ms to 24d, such as 30s, not ${text}.`);
  return ms;
}

function seedOf(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw wrong(usage, `--seed takes a whole number of at most nine digits, not ${text}.`);
  return Number(text);
}
