import type { UnixMs } from '../core/time.ts';
import { formatBytes, formatDuration } from '../core/units.ts';
import type { GatewayStatus } from '../instrumentation/status.ts';
import { bridgesText } from './bridges-text.ts';
import { historyText } from './history-text.ts';
import { modbusText, serialText } from './lines-text.ts';

type Row = readonly [name: string, text: string];

const width = 80;
const nameWidth = 12;

/** The status for people: one aspect a line, names left and facts right, at most 80 columns wide. */
export function statusText(status: GatewayStatus, now: UnixMs): string {
  const { gateway, health, mqtt, collector } = status;
  const running = formatDuration(gateway.uptimeSeconds * 1000);
  const rows: Row[] = [
    ['Gateway', `${gateway.id}, version ${gateway.version}, running for ${running}`],
    ['Health', `${health.state === 'ready' ? 'ready' : health.state.toUpperCase()}: ${health.summary}`],
    ['Clock', clockText(status)],
    ['MQTT', joined(mqtt.address && `on ${mqtt.address}`, plural(mqtt.connections, 'client'))],
    ['Serial', serialText(status)],
    ['Modbus', modbusText(status)],
    ['Bridges', bridgesText(status.bridges)],
    ['Received', receivedText(status)],
    ['Devices', devicesText(status)],
    ['Alarms', alarmsText(status)],
    ['Problems', problemsText(status)],
    ['Backlog', backlogText(status, now)],
    ['Ledger', ledgerText(status)],
    ['Disk', diskText(status)],
    ['History', historyText(status.history)],
    ['Uplink', uplinkText(status, now)],
    ['Delivered', deliveredText(status, now)],
    ['Data plan', planText(status)],
    ['Canary', canaryText(status)],
    ['Redecode', redecodeText(status)],
    ['Commands', commandsText(status)],
    ['Collector', collector === null ? '' : `on ${collector.address}, writes ${collector.sink}`],
    ['Process', processText(status)],
  ];
  return rows.flatMap(([name, text]) => (text === '' ? [] : wrapped(name, text))).join('\n');
}

function clockText({ clock }: GatewayStatus): string {
  const { quality, source, now, aheadOfSystemSeconds: ahead, lastJump, contradictions } = clock;
  const sources: Readonly<Record<typeof source, string>> = {
    system: "the system's clock, which nothing is known to keep right",
    browser: 'known from a browser',
    collector: 'known from the collector',
    ntp: quality === 'synced' ? 'synchronised' : 'synchronised earlier since boot',
  };
  const off = (seconds: number) => `${formatDuration(Math.abs(seconds) * 1000)} ${seconds < 0 ? 'behind' : 'ahead of'}`;
  return joined(
    quality === 'unset' ? `NOT SET: it says ${now}; open the gateway's page in a browser, or connect it` : now,
    quality !== 'unset' && sources[source],
    Math.abs(ahead) >= 1 && `${off(ahead)} the system's clock`,
    ...contradictions,
    lastJump !== null &&
      `last jump ${lastJump.bySeconds < 0 ? '-' : '+'}${formatDuration(Math.abs(lastJump.bySeconds) * 1000)} at ${lastJump.at}`,
  );
}

function receivedText({ flow }: GatewayStatus): string {
  return joined(plural(flow.received, 'message'), `${perSecond(flow.receivedPerSecond)} now`);
}

/** Nothing for a gateway that has heard no device. */
function devicesText({ devices }: GatewayStatus): string {
  if (devices.total === 0) return '';
  const others = (['stale', 'offline', 'unknown'] as const).filter((presence) => devices[presence] > 0);
  return joined(
    `${number(devices.total)} known: ${number(devices.online)} online`,
    ...others.map((presence) => `${number(devices[presence])} ${presence}`),
  );
}

/** Nothing while nothing is raised. */
function alarmsText({ alarms: { active, acknowledged, critical } }: GatewayStatus): string {
  const known = acknowledged.info + acknowledged.warning + acknowledged.critical;
  return joined(
    ...(['critical', 'warning', 'info'] as const).map((one) => active[one] > 0 && `${number(active[one])} ${one}`),
    known > 0 && `${number(known)} acknowledged`,
    critical.length > 0 && `critical: ${critical.join('; ')}`,
  );
}

/** Reasons for which a rule leaves records out: as it was asked to, so nothing is wrong. */
const choices = new Set(['thinned', 'not-forwarded']);

/** Only what is not as it should be; a healthy gateway has no such line. */
function problemsText({ flow, mqtt, buffer, uplink, devices, profiles }: GatewayStatus): string {
  const counted = (counts: Readonly<Record<string, number>>, what: string) =>
    Object.entries(counts).map(([reason, count]) => count > 0 && `${what} (${reason}): ${number(count)}`);
  const losses = Object.entries(buffer.ledger.dropped).filter(([reason]) => !choices.has(reason));
  const rulesWith = (gate: string) => buffer.lanes.filter((lane) => lane.gate === gate).map(({ rule }) => rule);
  const named = (gate: string, what: string) => {
    const rules = [...new Set(rulesWith(gate))];
    return rules.length > 0 && `${what} ${rules.join(', ')}`;
  };
  return joined(
    named('blocked', 'no room, so sources wait under'),
    named('dropping', 'no room, so new records are dropped under'),
    ...damagesTexts(buffer.damages),
    uplink.problem ?? '',
    flow.refused > 0 && `messages refused: ${number(flow.refused)}`,
    devices.unregisteredMessages > 0 &&
      `messages of devices that could not be registered: ${number(devices.unregisteredMessages)}`,
    flow.undecoded > 0 && `payloads kept raw: ${number(flow.undecoded)}`,
    ...counted(profiles.failures, 'payloads that their profile could not read'),
    ...profiles.errors.map((error) => `profile left out: ${error}`),
    ...counted(Object.fromEntries(losses), 'records lost'),
    ...counted(mqtt.refused, 'connections refused'),
    ...counted(mqtt.skippedDeliveries, 'deliveries skipped'),
  );
}

/** Nothing for one that is over, unless it failed. */
function redecodeText({ redecode }: GatewayStatus): string {
  const { state, reason, through, messages, superseded } = redecode;
  if (state !== 'running' && state !== 'waiting' && state !== 'failed') return '';
  return joined(
    reason === null ? state : `${state}: ${reason}`,
    through !== null && `through ${through}`,
    `${plural(messages, 'message')} decoded again, ${number(superseded)} sent anew`,
  );
}

function damagesTexts(damages: readonly string[]): string[] {
  const last = damages.at(-1);
  if (last === undefined) return [];
  return [damages.length === 1 ? last : `${last} (the last of ${damages.length} such)`];
}

function backlogText({ buffer }: GatewayStatus, now: UnixMs): string {
  if (buffer.waitingRecords === 0) return 'empty: the collector has everything';
  const oldest = buffer.oldestWaitingAt;
  const byRule = new Map<string, number>();
  for (const { rule, waitingRecords } of buffer.lanes) {
    if (waitingRecords > 0) byRule.set(rule, (byRule.get(rule) ?? 0) + waitingRecords);
  }
  const rules = [...byRule].map(([rule, records]) => `${rule} ${number(records)}`);
  return joined(
    plural(buffer.waitingRecords, 'record'),
    formatBytes(buffer.waitingBytes),
    oldest !== null && `oldest from ${ago(oldest, now)}`,
    rules.length > 1 && `by rule: ${rules.join(', ')}`,
  );
}

/** What became of every record since the data directory was made. */
function ledgerText({ buffer }: GatewayStatus): string {
  const { received, delivered, waiting, dropped } = buffer.ledger;
  if (received === 0) return '';
  const reasons = Object.entries(dropped).filter(([, count]) => count > 0);
  const lost = reasons.reduce((sum, [, count]) => sum + count, 0);
  const why = reasons.map(([reason, count]) => `${reason} ${number(count)}`).join(', ');
  return (
    `${number(received)} received = ${number(delivered)} delivered + ${number(waiting)} waiting + ` +
    `${number(lost)} dropped${why === '' ? '' : ` (${why})`}`
  );
}

function diskText({ buffer }: GatewayStatus): string {
  if (buffer.state === 'failing') return `FAILING: ${buffer.failure ?? 'see the log'}`;
  const room = `${formatBytes(buffer.diskBytes)} of ${formatBytes(buffer.maxBytes)}`;
  if (buffer.state === 'full')
    return buffer.full?.of === 'disk'
      ? `FULL: ${formatBytes(buffer.full.freeBytes)} left on the disk of ${buffer.full.directory}; the buffer has ${room}`
      : `FULL (${room}): sources that must not lose anything wait`;
  const { commits, commitMs, roomBytes, maxBytes } = buffer;
  const less = roomBytes < maxBytes ? `, of which its disk has room for ${formatBytes(roomBytes)}` : '';
  if (commits === 0) return room + less;
  return joined(
    room + less,
    plural(commits, 'commit'),
    `last ${commitMs.last.toFixed(1)} ms`,
    `slowest ${commitMs.max.toFixed(1)} ms`,
  );
}

function uplinkText({ uplink }: GatewayStatus, now: UnixMs): string {
  const held = formatDuration(Math.max(0, now - Date.parse(uplink.since)));
  const retry =
    uplink.retryAt === null ? '' : `next try in ${formatDuration(Math.max(0, Date.parse(uplink.retryAt) - now))}`;
  const current = uplink.collectors.findIndex(({ isCurrent }) => isCurrent);
  const place = uplink.collectors.length > 1 && `collector ${current + 1} of ${uplink.collectors.length}`;
  const eta = uplink.etaSeconds !== null && `about ${formatDuration(uplink.etaSeconds * 1_000)} to go`;
  // While it is down the reason names them all.
  const others =
    uplink.reason === null ? uplink.collectors.filter((one) => !one.isCurrent && one.problem !== undefined) : [];
  return joined(
    `${uplink.state} for ${held}`,
    eta,
    uplink.url,
    place,
    uplink.reason ?? '',
    retry,
    ...others.map(({ url, problem }) => `${url}: ${problem}`),
  );
}

/** What the metered link has used; no line when it is not metered. */
function planText({ uplink: { plan } }: GatewayStatus): string {
  if (plan === null) return '';
  const { waitingFor, until, month, usedBytes, allowedBytes, carriedBytes } = plan;
  const used = formatBytes(usedBytes);
  const waits = {
    hours: 'records wait for its hours',
    month: 'records wait for the next month',
    clock: 'records wait for the clock to be set',
    rate: 'records wait for its rate',
  };
  return joined(
    allowedBytes === null ? `${used} used` : `${used} of ${formatBytes(allowedBytes)} used`,
    month !== null && `since ${month}`,
    carriedBytes > 0 && `${formatBytes(carriedBytes)} of it carried over`,
    waitingFor !== null && `${waits[waitingFor]}${until === null ? '' : ` until ${until}`}`,
  );
}

/** The record that goes the whole way; no line when none is sent. */
function canaryText({ uplink: { canary } }: GatewayStatus): string {
  if (canary === null) return '';
  const { state, roundTripMs, secondsSinceReturn } = canary;
  return joined(
    state === 'none' ? 'none sent yet' : state.replace('-', ' '),
    canary.reason ?? '',
    roundTripMs !== null && `last round trip ${roundTripMs} ms`,
    secondsSinceReturn !== null && `${formatDuration(secondsSinceReturn * 1_000)} ago`,
    `every ${formatDuration(canary.intervalSeconds * 1_000)}`,
  );
}

/** Nothing for a gateway that never got one. */
function commandsText({ commands: { queued, sent, total, remoteConfig } }: GatewayStatus): string {
  const over = (['acknowledged', 'failed', 'expired', 'unknown'] as const).filter((state) => total[state] > 0);
  const remote = { none: '', holds: 'the collector has set rules', trial: 'rules from the collector are on trial' };
  return joined(
    queued > 0 && `${queued} queued`,
    sent > 0 && `${sent} sent`,
    ...over.map((state) => `${total[state]} ${state}`),
    remote[remoteConfig],
  );
}

function deliveredText({ uplink }: GatewayStatus, now: UnixMs): string {
  const last = uplink.lastAcknowledgedAt;
  return joined(
    plural(uplink.acknowledgedRecords, 'record'),
    `${perSecond(uplink.acknowledgedPerSecond)} now`,
    last === null ? 'no acknowledgement yet' : `last acknowledgement ${ago(last, now)}`,
  );
}

function processText({ process: own }: GatewayStatus): string {
  return joined(
    `memory ${formatBytes(own.rssBytes)}`,
    `CPU ${formatDuration(own.cpuSeconds * 1000)}`,
    `event-loop delay p99 ${own.eventLoopDelayMs.p99.toFixed(1)} ms`,
  );
}

function joined(...parts: (string | false | undefined)[]): string {
  return parts.filter(Boolean).join(', ');
}

function number(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function plural(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function perSecond(rate: number): string {
  return `${rate > 0 && rate < 10 ? rate.toFixed(1) : number(rate)}/s`;
}

/** A moment as a distance; clocks may disagree by a little, so the future is now. */
function ago(then: string, now: UnixMs): string {
  return `${formatDuration(Math.max(0, now - Date.parse(then)))} ago`;
}

/** A name with its text beside it, broken at spaces so that no line is wider than {@link width} where it can be helped. */
function wrapped(name: string, text: string): string[] {
  const lines: string[] = [];
  let line = name.padEnd(nameWidth - 1);
  for (const word of text.split(' ')) {
    if (line.length > nameWidth && line.length + 1 + word.length > width) {
      lines.push(line);
      line = ' '.repeat(nameWidth - 1);
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
