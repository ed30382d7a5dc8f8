import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { main } from '../../src/cli/main.ts';
import type { ModbusStatus } from '../../src/sources/modbus/status.ts';
import { startGateway } from '../support/gateway.ts';
import { ModbusSlave } from '../support/modbus-slave.ts';
import { portPair } from '../support/port-pair.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

const profile = `
name: A meter
version: 1
modbus:
  every: 50ms
  registers:
    - { address: 0, name: voltage, unit: V }
    - { address: 1, name: current, unit: A, scale: 0.1 }
    - { table: input, address: 20, name: power, unit: W }
examples:
  - source: this test
    requestHex: 01 03 00 00 00 02 c4 0b
    payloadHex: 01 03 04 00 e6 00 0a 5b c9
    gives: { voltage: 230 V, current: 1 A }
`;

test('units of a serial bus and behind a TCP port are devices, their answers are records that the collector gets', async (t) => {
  const dir = tempDir(t);
  const line = await portPair(t);
  await ModbusSlave.start(t, line.far, [1]);
  const server = await ModbusSlave.start(t, 'tcp:127.0.0.1:0', [4]);
  mkdirSync(join(dir, 'profiles', 'acme'), { recursive: true });
  writeFileSync(join(dir, 'profiles', 'acme', 'meter.yaml'), profile);
  const file = join(dir, 'headgate.yaml');
  const sink = join(dir, 'sink');
  const dead = '{ unit: 2, profile: acme/meter, name: attic }';
  writeFileSync(
    file,
    `decode: { profileDirs: [${join(dir, 'profiles')}] }
modbus:
  buses:
    - { name: hall, path: ${line.near}, timeout: 200ms, units: [{ unit: 1, profile: acme/meter }, ${dead}] }
    - { name: roof, host: 127.0.0.1, port: ${server.port}, units: [{ unit: 4, profile: acme/meter, every: 1h }] }
`,
  );
  const gateway = await startGateway(t, {
    dataDir: join(dir, 'data'),
    sink: `file:${sink}`,
    env: { HEADGATE_CONFIG: file },
  });
  const url = `http://127.0.0.1:${gateway.port('http')}`;
  const asked = async (path: string) => (await (await fetch(`${url}${path}`)).json()) as never;
  const status = async (): Promise<{ readonly modbus: ModbusStatus }> => await asked('/api/v1/status');
  await eventually('the buses to be read and the dead unit to be known', async () => {
    const [hall, roof] = (await status()).modbus.buses;
    return hall!.messages > 10 && roof!.messages === 2 && hall!.units[1]!.state === 'silent';
  });
  const recordsOf = () => {
    const lines = readFileSync(sink, 'utf8').trim().split('\n');
    return lines.map(
      (text) => JSON.parse(text) as { deviceId: string; topic: string; source: string; fields: object[] },
    );
  };
  await eventually('the records at the collector', () => {
    const ids = new Set(recordsOf().map(({ deviceId }) => deviceId));
    return ids.has('modbus:hall/1') && ids.has('modbus:roof/4');
  });
  const roof = recordsOf().filter(({ deviceId }) => deviceId === 'modbus:roof/4');
  assert.deepEqual(
    roof.map(({ topic, source, fields }) => ({ topic, source, fields })),
    [
      {
        topic: 'roof/4',
        source: 'modbus',
        fields: [
          { name: 'voltage', number: 1024, unit: 'V' },
          { name: 'current', number: 102.5, unit: 'A' },
        ],
      },
      { topic: 'roof/4', source: 'modbus', fields: [{ name: 'power', number: 1044, unit: 'W' }] },
    ],
  );
  const metrics = await (await fetch(`${url}/metrics`)).text();
  assert.match(metrics, /^headgate_modbus_open\{bus="roof"\} 1$/m);
  assert.match(metrics, /^headgate_modbus_answers_total\{bus="roof",unit="4"\} 2$/m);
  assert.match(metrics, /^headgate_modbus_answering\{bus="hall",unit="attic"\} 0$/m);
  const out: string[] = [];
  await main(['status', '--url', url], { out: (text) => out.push(text), err: () => undefined, environment: {} });
  assert.match(out.join('\n'), /Modbus +hall open, [\d,]+ answers, hall\/attic NOT HEARD, roof open, 2 answers/);
});
