import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { AdminClient } from '../../src/collector/admin/client.ts';
import { ownFile } from '../../src/collector/own-file.ts';
import { Command, CommandState, type CommandUpdate } from '../../src/wire/generated/headgate/v1/uplink.ts';
import { Gateway, startCollector } from '../lib/headgate.ts';
import { monotonicMs } from '../lib/load-protocol.ts';
import { atMost, type Bench, type Sample, type Scenario } from '../lib/scenario.ts';
import { percentilesOf } from '../lib/statistics.ts';

const gatewayId = 'bench';
const devices = 10;
const warmUp = 50;

/** Devices that answer each command at once, over one connection. */
async function startDevices(port: number): Promise<{ readonly answered: Set<string>; end(): Promise<void> }> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: 'bench-devices' });
  const answered = new Set<string>();
  client.on('message', (topic, bytes) => {
    const { id } = JSON.parse(bytes.toString()) as { id: string };
    if (answered.has(id)) throw new Error(`command ${id} came to its device twice`);
    answered.add(id);
    client.publish(`${topic}/${id}/result`, '{"status":"ok","result":{"valve":40}}', { qos: 1 });
  });
  await client.subscribeAsync('headgate/devices/+/commands', { qos: 1 });
  return { answered, end: () => client.endAsync(true) };
}

/** From SendCommand to `acknowledged` in WatchCommand. @throws an Error when it comes to something else */
async function roundTrip(admin: AdminClient, number: number): Promise<number> {
  const id = `c${number}`;
  const payload = Buffer.from('{"valve": 40}');
  const command = Command.fromPartial({ id, deviceId: `device-${number % devices}`, name: 'set', payload });
  const begun = monotonicMs();
  let last: CommandUpdate | undefined;
  await admin.sendCommand({ gateway: gatewayId, command });
  await admin.watchCommand(
    { gateway: gatewayId, commandId: id },
    ({ update }) => {
      last = update;
    },
    AbortSignal.timeout(60_000),
  );
  const ms = monotonicMs() - begun;
  if (last?.state !== CommandState.COMMAND_STATE_ACKNOWLEDGED)
    throw new Error(`command ${id} was not acknowledged: ${JSON.stringify(last?.state)} ${last?.reason}`);
  return ms;
}

async function measure({ folder, profileFolder, seconds }: Bench, underWay: number): Promise<Sample> {
  const sink = `sqlite:${join(folder, 'records.db')}`;
  const collector = await startCollector(sink, profileFolder);
  const settings = { dataDir: join(folder, 'data'), 'uplink.url': collector.url, 'gateway.id': gatewayId };
  const gateway = await Gateway.start({ settings, profileFolder });
  await gateway.statusWhen('the uplink to be live', 10_000, 50, (status) => status.number('uplink.connections') > 0);
  const there = await startDevices(gateway.mqttPort);
  const token = readFileSync(ownFile({ sink }, 'admin-token'), 'utf8').trim();
  const admin = new AdminClient({ url: collector.url, token, deadlineMs: 60_000 });
  let sent = 0;
  const times: number[] = [];
  for (; sent < warmUp; sent++) await roundTrip(admin, sent);
  const startedMs = monotonicMs();
  const endsMs = startedMs + seconds * 1000;
  await Promise.all(
    Array.from({ length: underWay }, async () => {
      while (monotonicMs() < endsMs) times.push(await roundTrip(admin, sent++));
    }),
  );
  const elapsedMs = monotonicMs() - startedMs;
  if (there.answered.size !== sent) throw new Error(`${sent} commands sent, ${there.answered.size} at their devices`);
  admin.close();
  await there.end();
  await gateway.end();
  await collector.end();
  const { p50, p95, p99, max } = percentilesOf(times);
  return { perSecond: (times.length * 1000) / elapsedMs, p50, p95, p99, max };
}

const alone = 'one at a time';

export const commands: Scenario = {
  name: 'commands',
  title: 'Commands: from SendCommand to the answer',
  about:
    'A program asks the collector (SendCommand), the command goes through the gateway to a device over MQTT, which answers at once, and the program is told that it was acknowledged (WatchCommand): durable at the collector, at the gateway, and on the way back at both again. Collector and gateway share a disk.',
  seconds: 10,
  rounds: 3,
  metrics: [
    { key: 'p50', label: 'p50 ms', digits: 1 },
    { key: 'p95', label: 'p95 ms', digits: 1 },
    { key: 'p99', label: 'p99 ms', digits: 1 },
    { key: 'max', label: 'max ms', digits: 1 },
    { key: 'perSecond', label: 'commands/s', digits: 0 },
  ],
  peers: [
    { name: alone, run: (bench) => measure(bench, 1) },
    { name: '20 at once', run: (bench) => measure(bench, 20) },
  ],
  goals: (summary) => [atMost(`${alone}: p95 of the round trip`, summary.median(alone, 'p95'), 50, 'ms')],
};
