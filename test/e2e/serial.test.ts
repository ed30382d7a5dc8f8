import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { PseudoTerminal } from '../support/pseudo-terminal.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

test('a sensor on a serial port is a device, its frames are records that the collector gets', async (t) => {
  const dir = tempDir(t);
  const device = await PseudoTerminal.create(t);
  const file = join(dir, 'headgate.yaml');
  writeFileSync(file, `serial:\n  ports:\n    - { name: dust, path: ${device.path}, profile: nova/sds011 }\n`);
  const sink = join(dir, 'sink');
  const gateway = await startGateway(t, {
    dataDir: join(dir, 'data'),
    sink: `file:${sink}`,
    env: { HEADGATE_CONFIG: file },
  });
  const url = `http://127.0.0.1:${gateway.port('http')}`;
  const asked = async (path: string) => (await (await fetch(`${url}${path}`)).json()) as never;
  const status = async (): Promise<{
    readonly serial: { readonly ports: readonly { readonly state: string; readonly frames: number }[] };
    readonly buffer: { readonly ledger: { readonly delivered: number } };
  }> => await asked('/api/v1/status');
  await eventually('the port to be open', async () => (await status()).serial.ports[0]?.state === 'open');
  await device.send(Buffer.from('aac0d4043a0aa1601dab', 'hex'));
  await eventually('the record at the collector', async () => (await status()).buffer.ledger.delivered === 1);
  const { devices } = (await asked('/api/v1/devices')) as {
    devices: { id: string; source: string; profile: object }[];
  };
  const { ports } = (await asked('/api/v1/serial')) as { ports: { path: string; configured: object | null }[] };
  assert.deepEqual(ports.find(({ path }) => path === device.path)?.configured, {
    name: 'dust',
    profile: 'nova/sds011',
    state: 'open',
    reason: null,
    hint: null,
  });
  const metrics = await (await fetch(`${url}/metrics`)).text();
  assert.match(metrics, /^headgate_serial_frames_total\{port="dust"\} 1$/m);
  assert.match(metrics, /^headgate_serial_discarded_bytes_total\{port="dust",reason="noise"\} 0$/m);
  assert.deepEqual(
    devices.map(({ id, source, profile }) => [id, source, profile]),
    [['serial:dust', 'serial', { name: 'nova/sds011', version: 2 }]],
  );
});
