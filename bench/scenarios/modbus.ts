import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { checksumOf } from '../../src/profiles/framing/checksums.ts';
import { type Child, startChild } from '../lib/children.ts';
import { Gateway, startCollector } from '../lib/headgate.ts';
import { CpuMeter } from '../lib/process-usage.ts';
import { atLeast, type Bench, type Sample, type Scenario } from '../lib/scenario.ts';
import { delay, until } from '../lib/wait.ts';

const units = 32;
const dead = units;
const baud = 115_200;
/** A character of a Modbus line has eleven bits. */
const characterMs = 11_000 / baud;
const requestBytes = 8;
/** Until a unit that is not there is asked once in half a minute. */
const settleMs = 20_000;

/** Meters that answer at once, and as fast as the line is. All but one are there when `isOneDead`. */
async function startMeters(isOneDead: boolean): Promise<Server> {
  const server = createServer((socket: Socket) => {
    let rest = Buffer.alloc(0);
    // Gone at the end, perhaps with an answer on its way.
    socket.on('error', () => {});
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      for (; rest.length >= requestBytes; rest = rest.subarray(requestBytes)) {
        const [unit, code, count] = [rest[0]!, rest[1]!, rest.readUInt16BE(4)];
        if (isOneDead && unit === dead) continue;
        const answer = Buffer.alloc(5 + count * 2);
        answer.set([unit, code, count * 2]);
        for (let i = 0; i < count; i += 2) answer.writeFloatBE(unit + performance.now() / 1_000, 3 + i * 2);
        answer.writeUInt16LE(checksumOf('crc16-modbus', answer, 0, answer.length - 2), answer.length - 2);
        setTimeout(() => socket.write(answer), (requestBytes + answer.length) * characterMs);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** A bus with its meters; all but the last are there when `isOneDead`. */
async function startBus(path: string, isOneDead: boolean): Promise<{ readonly socat: Child; readonly meters: Server }> {
  const meters = await startMeters(isOneDead);
  const { port } = meters.address() as AddressInfo;
  const socat = await startChild('socat', 'socat', [`PTY,link=${path},raw,echo=0`, `TCP:127.0.0.1:${port},nodelay`]);
  await Promise.race([until(`${path} to be there`, 5_000, 10, () => existsSync(path) || undefined), socat.failed]);
  return { socat, meters };
}

async function measure({ folder, profileFolder, seconds }: Bench): Promise<Sample> {
  const paths = [join(folder, 'alive'), join(folder, 'dead')];
  const started = await Promise.all(paths.map((path, index) => startBus(path, index === 1)));
  const listed = Array.from(
    { length: units },
    (_, index) => `{ unit: ${index + 1}, profile: eastron/sdm630, every: 1s }`,
  );
  const buses = paths.map(
    (path, index) => `    - { name: bus-${index}, path: ${path}, baud: ${baud}, units: [${listed.join(', ')}] }`,
  );
  const config = join(folder, 'headgate.yaml');
  writeFileSync(config, ['modbus:', '  buses:', ...buses, ''].join('\n'));
  const collector = await startCollector(`file:${join(folder, 'records.ndjson')}`, profileFolder);
  const gateway = await Gateway.start({
    settings: { dataDir: join(folder, 'data'), 'uplink.url': collector.url },
    environment: { HEADGATE_CONFIG: config },
    profileFolder,
    loopFile: join(folder, 'loop'),
  });
  await gateway.statusWhen('both buses to be read', 10_000, 50, (status) =>
    paths.every((_, index) => status.number(`modbus.buses.${index}.messages`) > 0),
  );
  await delay(settleMs);
  const counts = async (): Promise<number[]> => {
    const status = await gateway.status();
    return paths.map((_, bus) => {
      let answered = 0;
      for (let unit = 0; unit < units - 1; unit++)
        answered += status.number(`modbus.buses.${bus}.units.${unit}.answered`);
      return answered;
    });
  };
  const cpu = new CpuMeter({ gateway: gateway.pid });
  const startedMs = performance.now();
  const before = await counts();
  await delay(seconds * 1_000);
  const answers = (await counts()).map((count, bus) => count - before[bus]!);
  const tookSeconds = (performance.now() - startedMs) / 1_000;
  const usPerAnswer = cpu.perMessage(answers[0]! + answers[1]!);
  const timeouts = (await gateway.status()).number(`modbus.buses.1.units.${dead - 1}.unanswered`);
  await gateway.end();
  await collector.end();
  for (const { socat, meters } of started) {
    await socat.end();
    meters.close();
  }
  return {
    alone: answers[0]! / tookSeconds,
    beside: answers[1]! / tookSeconds,
    share: answers[1]! / answers[0]!,
    timeouts,
    usPerAnswer: usPerAnswer.gateway ?? Number.NaN,
  };
}

const name = `headgate, two buses of ${units} units`;

export const modbus: Scenario = {
  name: 'modbus',
  title: 'A Modbus bus with a dead unit',
  about: `Two serial buses of ${baud} baud with ${units} electricity meters each (Eastron SDM630, read once a second by two requests for 160 bytes in all), which answer as fast as such a line is, so that a bus is hardly ever at rest. On the second bus one of them is dead. Measured are the answers of the other ${units - 1} on each, from twenty seconds after the start on.`,
  seconds: 40,
  rounds: 2,
  metrics: [
    { key: 'alone', label: 'answers/s', digits: 1 },
    { key: 'beside', label: 'beside a dead one', digits: 1 },
    { key: 'share', label: '×', digits: 2 },
    { key: 'timeouts', label: 'timeouts from the start', digits: 0 },
    { key: 'usPerAnswer', label: 'CPU µs/answer', digits: 0 },
  ],
  peers: [{ name, run: measure }],
  goals: (summary) => [
    atLeast(`${name}: answers/s beside a dead one, of those without`, summary.median(name, 'share'), 0.9, '×', 2),
  ],
};
