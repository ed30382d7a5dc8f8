import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { checksumOf } from '../../src/profiles/framing/checksums.ts';
import { startChild } from '../lib/children.ts';
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

async function measure({ folder, profileFolder, seconds }: Bench, isOneDead: boolean): Promise<Sample> {
  const meters = await startMeters(isOneDead);
  const path = join(folder, 'bus');
  const { port } = meters.address() as AddressInfo;
  const socat = await startChild('socat', 'socat', [`PTY,link=${path},raw,echo=0`, `TCP:127.0.0.1:${port},nodelay`]);
  await Promise.race([until(`${path} to be there`, 5_000, 10, () => existsSync(path) || undefined), socat.failed]);
  const listed = Array.from(
    { length: units },
    (_, index) => `{ unit: ${index + 1}, profile: eastron/sdm630, every: 1s }`,
  );
  const config = join(folder, 'headgate.yaml');
  const bus = `{ name: bus, path: ${path}, baud: ${baud}, units: [${listed.join(', ')}] }`;
  writeFileSync(config, `modbus: { buses: [${bus}] }\n`);
  const collector = await startCollector(`file:${join(folder, 'records.ndjson')}`, profileFolder);
  const gateway = await Gateway.start({
    settings: { dataDir: join(folder, 'data'), 'uplink.url': collector.url },
    environment: { HEADGATE_CONFIG: config },
    profileFolder,
    loopFile: join(folder, 'loop'),
  });
  await gateway.statusWhen('the bus to be read', 10_000, 50, (status) => status.number('modbus.buses.0.messages') > 0);
  await delay(settleMs);
  const counts = async (): Promise<{ others: number; dead: number }> => {
    const status = await gateway.status();
    const answered = (index: number): number => status.number(`modbus.buses.0.units.${index}.answered`);
    let others = 0;
    for (let index = 0; index < units - 1; index++) others += answered(index);
    return { others, dead: status.number(`modbus.buses.0.units.${dead - 1}.unanswered`) };
  };
  const cpu = new CpuMeter({ gateway: gateway.pid });
  const startedMs = performance.now();
  const before = await counts();
  await delay(seconds * 1_000);
  const after = await counts();
  const tookSeconds = (performance.now() - startedMs) / 1_000;
  const answers = after.others - before.others;
  const usPerAnswer = cpu.perMessage(answers);
  await gateway.end();
  await collector.end();
  await socat.end();
  meters.close();
  return {
    rate: answers / tookSeconds,
    timeouts: after.dead,
    usPerAnswer: usPerAnswer.gateway ?? Number.NaN,
  };
}

const alive = `${units} units`;
const oneDead = `${units} units, one of them dead`;

export const modbus: Scenario = {
  name: 'modbus',
  title: 'A Modbus bus with a dead unit',
  about: `A serial bus of ${baud} baud with ${units} electricity meters (Eastron SDM630, each read once a second by two requests for 160 bytes in all), which answer as fast as such a line is; beside it the same bus with one of them dead. Measured are the answers of the other ${units - 1}, twenty seconds after the start.`,
  seconds: 40,
  rounds: 2,
  metrics: [
    { key: 'rate', label: 'answers/s of the others', digits: 1 },
    { key: 'timeouts', label: 'timeouts so far', digits: 0 },
    { key: 'usPerAnswer', label: 'CPU µs/answer', digits: 0 },
  ],
  ratio: { metric: 'rate', to: alive },
  peers: [
    { name: alive, run: (bench) => measure(bench, false) },
    { name: oneDead, run: (bench) => measure(bench, true) },
  ],
  goals: (summary) => [
    atLeast(
      `${oneDead}: answers/s, against none`,
      summary.ratio(oneDead, alive, 'rate')?.median ?? Number.NaN,
      0.9,
      '×',
      2,
    ),
  ],
};
