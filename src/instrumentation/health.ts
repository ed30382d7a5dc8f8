import type { BufferStatus, LaneStatus } from '../buffer/status.ts';
import { roomAdvice } from '../core/no-room.ts';
import { alarmSentence, bridgeProblems, clockProblems, lineProblems } from './problems.ts';
import type { StatusParts } from './status.ts';
import { uplinkSentence } from './uplink-sentence.ts';

export interface Health {
  /**
   * `starting`, `stopping`: not taking messages. `failing`: messages are refused or held back, because the disk fails or is
   * full. `degraded`: messages are taken and safe, but do not reach the collector, or files were found
   * damaged, or something that is configured is not heard. `ready`:
   * all is well.
   */
  readonly state: 'starting' | 'ready' | 'degraded' | 'failing' | 'stopping';
  /** The state of things in a sentence or two, for people. */
  readonly summary: string;
}

/** How the gateway is, from what its parts say. */
export function healthOf(parts: StatusParts, nowMs: number): Health {
  const { buffer, phase } = parts;
  if (phase !== 'running') return { state: phase, summary: `The gateway is ${phase}.` };
  if (buffer.state === 'closed')
    return { state: 'failing', summary: 'No message is acknowledged: the disk is not in use.' };
  if (buffer.state === 'failing') {
    return {
      state: 'failing',
      summary: `The disk refuses records, so messages are not acknowledged: ${buffer.failure ?? 'unknown reason'}`,
    };
  }
  if (buffer.state === 'full') return { state: 'failing', summary: fullSentence(buffer) };
  const clients = `${count(parts.mqtt.connections, 'MQTT client')}, ${parts.rates.receivedPerSecond} messages/s in.`;
  const { state, text } = uplinkSentence(parts.uplink, nowMs);
  if (buffer.lanes.some(({ gate }) => gate === 'dropping')) {
    const room = `There is no room for new records of the ${rulesWith('dropping', buffer)}: they are dropped, and counted.`;
    return { state: 'degraded', summary: `${room} ${text} ${waitingSentence(buffer)} ${clients}` };
  }
  const damage = buffer.damages.at(-1);
  if (damage !== undefined) {
    return { state: 'degraded', summary: `${damage} ${text} ${waitingSentence(buffer)} ${clients}` };
  }
  const lines = lineProblems(parts.serial, parts.modbus);
  const problem = [
    ...[...clockProblems(parts.clock), ...bridgeProblems(parts.bridges), ...lines],
    ...[parts.uplink.problem ?? [], parts.load.reason ?? []].flat(),
  ]
    .map((one) => ` ${one}`)
    .join('');
  const alarms = alarmSentence(parts.alarms);
  const isWell = state === 'ready' && problem === '' && alarms === '';
  return {
    // An alarm says that something out there is wrong, not that the gateway is.
    state: problem === '' ? state : 'degraded',
    summary: `${isWell ? 'All good. ' : alarms}${text}${problem} ${waitingSentence(buffer)} ${clients}`,
  };
}

/** Without the path of the disk: the summary is also told to whoever asks whether the gateway is ready. */
function fullSentence(buffer: BufferStatus): string {
  const { full } = buffer;
  const who = buffer.lanes.some(({ gate }) => gate === 'blocked')
    ? `messages of the ${rulesWith('blocked', buffer)} wait at their source`
    : 'messages that have to be durable may be refused';
  const what = full?.of === 'disk' ? 'disk' : 'buffer';
  return `The ${what} is full: ${who}.${full === undefined ? '' : ` ${roomAdvice(full, buffer, '`dataDir`')}`}`;
}

/** `rule alarms`, `rules alarms, doors`: those whose lanes have such a gate. */
function rulesWith(gate: LaneStatus['gate'], { lanes }: BufferStatus): string {
  const rules = [...new Set(lanes.filter((lane) => lane.gate === gate).map(({ rule }) => rule))];
  return `${rules.length === 1 ? 'rule' : 'rules'} ${rules.join(', ')}`;
}

function waitingSentence({ waitingRecords }: BufferStatus): string {
  if (waitingRecords === 0) return 'Nothing waits.';
  return waitingRecords === 1
    ? '1 record waits safely on disk.'
    : `${grouped(waitingRecords)} records wait safely on disk.`;
}

function count(n: number, what: string): string {
  return `${grouped(n)} ${what}${n === 1 ? '' : 's'}`;
}

const grouped = (n: number): string => n.toLocaleString('en-US');
