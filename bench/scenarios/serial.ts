import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, startChild } from '../lib/children.ts';
import { Gateway, startCollector } from '../lib/headgate.ts';
import { CpuMeter, residentMb } from '../lib/process-usage.ts';
import { atMost, type Bench, type Sample, type Scenario } from '../lib/scenario.ts';
import { delay, until } from '../lib/wait.ts';

const ports = 16;
const baud = 115_200;
/** A start bit, eight bits and a stop bit each. */
const bytesPerSecond = baud / 10;
const frameBytes = 32;
const kinds = 256;

/** What a Plantower PMS5003 says, with numbers that change. */
function frames(): Buffer[] {
  return Array.from({ length: kinds }, (_, index) => {
    const frame = Buffer.alloc(frameBytes);
    frame.writeUInt32BE(0x424d001c);
    for (let at = 4; at < 28; at += 2) frame.writeUInt16BE((index * 7 + at * 13) % 1_000, at);
    frame.writeUInt16BE(0x9700, 28);
    frame.writeUInt16BE(
      frame.subarray(0, 30).reduce((sum, byte) => sum + byte, 0),
      30,
    );
    return frame;
  });
}

/** A pseudo-terminal, at whose other end a device is. */
async function startDevice(path: string): Promise<Child> {
  const socat = await startChild('socat', 'socat', [`PTY,link=${path},raw,echo=0`, 'STDIO'], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  await Promise.race([until(`${path} to be there`, 5_000, 10, () => existsSync(path) || undefined), socat.failed]);
  return socat;
}

async function measure({ folder, profileFolder, seconds }: Bench): Promise<Sample> {
  const paths = Array.from({ length: ports }, (_, index) => join(folder, `port-${index}`));
  const devices = await Promise.all(paths.map(startDevice));
  const lines = paths.map(
    (path, index) => `    - { name: port-${index}, path: ${path}, profile: plantower/pms5003, baud: ${baud} }`,
  );
  const config = join(folder, 'headgate.yaml');
  writeFileSync(config, ['serial:', '  ports:', ...lines, ''].join('\n'));
  const collector = await startCollector(`file:${join(folder, 'records.ndjson')}`, profileFolder);
  const gateway = await Gateway.start({
    settings: { dataDir: join(folder, 'data'), 'uplink.url': collector.url },
    environment: { HEADGATE_CONFIG: config },
    profileFolder,
    loopFile: join(folder, 'loop'),
  });
  await gateway.statusWhen('all ports to be open', 10_000, 50, (status) =>
    paths.every((_, index) => status.number(`serial.ports.${index}.opened`) === 1),
  );
  await gateway.loopDelay();
  const said = frames();
  const cpu = new CpuMeter({ gateway: gateway.pid });
  const startedMs = performance.now();
  let sent = 0;
  for (let elapsedMs = 0; elapsedMs < seconds * 1_000; elapsedMs = performance.now() - startedMs) {
    const due = Math.floor(((elapsedMs / 1_000) * bytesPerSecond) / frameBytes);
    for (; sent < due; sent++) for (const { process } of devices) process.stdin!.write(said[sent % kinds]!);
    await delay(5);
  }
  const loop = await gateway.loopDelay();
  const total = sent * ports;
  // Those that are lost never come: how many they are is what is measured.
  let delivered = 0;
  for (let left = 100; left > 0 && delivered < total; left--) {
    await delay(100);
    delivered = (await gateway.status()).number('buffer.ledger.delivered');
  }
  const usPerFrame = cpu.perMessage(total);
  const rss = residentMb(gateway.pid).peak;
  await gateway.end();
  await collector.end();
  for (const device of devices) await device.end();
  const framesPerSecond = total / seconds;
  return {
    framesPerSecond,
    lost: total - delivered,
    cpuShare: ((usPerFrame.gateway ?? Number.NaN) * framesPerSecond) / 10_000,
    usPerFrame: usPerFrame.gateway ?? Number.NaN,
    mainUs: usPerFrame['gateway:MainThread'] ?? Number.NaN,
    delayP99: loop.p99,
    rss,
  };
}

const name = `headgate, ${ports} ports`;

export const serial: Scenario = {
  name: 'serial',
  title: 'Serial ports: full streams on sixteen of them',
  about:
    'Sixteen pseudo-terminals on each of which a particle sensor (Plantower PMS5003, frames of 32 bytes with twelve values and a checksum) sends as fast as a line of 115,200 baud can, which is 360 times what such a sensor does. Each frame is decoded, stored, and confirmed by a collector beside it.',
  seconds: 10,
  rounds: 3,
  metrics: [
    { key: 'framesPerSecond', label: 'frames/s', digits: 0 },
    { key: 'lost', label: 'frames lost', digits: 0 },
    { key: 'cpuShare', label: '% of a core', digits: 0 },
    { key: 'usPerFrame', label: 'CPU µs/frame', digits: 1 },
    { key: 'mainUs', label: 'of it, main thread', digits: 1 },
    { key: 'delayP99', label: 'delay p99 ms', digits: 1 },
    { key: 'rss', label: 'peak RSS MB', digits: 0 },
  ],
  peers: [{ name, run: measure }],
  goals: (summary) => [atMost(`${name}: frames lost`, summary.median(name, 'lost'), 0, 'frames', 0)],
};
