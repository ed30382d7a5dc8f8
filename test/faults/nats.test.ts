import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AdminClient } from '../../src/collector/admin/client.ts';
import { Command } from '../../src/wire/generated/headgate/v1/uplink.ts';
import { type RecordLine, recordsOf, startCollector } from '../support/collector.ts';
import { given } from '../support/command-site.ts';
import { impatient, startGateway, statusOf } from '../support/gateway.ts';
import { MosquittoSub, mosquittoPub } from '../support/mosquitto.ts';
import { all, Device } from '../support/mqtt-client.ts';
import { NatsServer } from '../support/nats-server.ts';
import { Oracle, settled } from '../support/oracle.ts';
import { rounds } from '../support/random.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

/** Two collectors before one NATS, and gateways that know both. */
async function twoCollectors(t: TestContext) {
  const server = await NatsServer.start(t);
  const directories = [tempDir(t), tempDir(t)];
  const start = (index: number, port?: number) =>
    startCollector(t, { sink: server.url, port, directory: directories[index]! });
  const collectors = [await start(0), await start(1)];
  const ports = collectors.map((one) => one.port('collector'));
  const gateway = (id: string, first: number) =>
    startGateway(t, {
      dataDir: join(tempDir(t), 'data'),
      set: {
        ...impatient,
        'gateway.id': id,
        'uplink.url': [first, 1 - first].map((index) => `http://127.0.0.1:${ports[index]}`).join(','),
        'uplink.returnAfter': '300ms',
      },
    });
  const restart = async (index: number) => {
    collectors[index] = await start(index, ports[index]);
  };
  return { server, collectors, ports, directories, gateway, restart };
}

test('gateways under load, two collectors and nats-server killed in turn: every message once', {
  timeout: 120_000,
}, async (t) => {
  const { server, collectors, gateway, restart } = await twoCollectors(t);
  const gateways = [await gateway('one', 0), await gateway('two', 1)];
  const oracle = new Oracle();
  const devices = gateways.map((_, i) => new Device({ oracle, topic: `site/${i}`, window: 20, paceMs: 5 }));
  const load = Promise.all(devices.map((device, i) => device.run(gateways[i]!.port('mqtt'))));
  const flows = async () => {
    const delivered = async () =>
      await Promise.all(gateways.map(async (one) => (await statusOf(one)).buffer.ledger.delivered));
    const before = await delivered();
    await eventually('records of both', async () => (await delivered()).every((count, i) => count > before[i]! + 20), {
      timeoutMs: 20_000,
    });
  };
  for (let round = 0; round < rounds(1, 10); round++) {
    for (const index of [0, 1]) {
      await flows();
      await collectors[index]!.kill();
      await flows();
      await restart(index);
    }
    await flows();
    await server.kill();
    await server.start();
  }
  await flows();
  for (const device of devices) device.stop();
  assert.deepEqual(await load, [true, true], 'a device lost its connection to its gateway');
  await all(devices, 10_000, (device) => device.run(gateways[devices.indexOf(device)]!.port('mqtt'), 1));
  // After an outage fresh records go before those that waited: the order is that of the sequences.
  const bySequence = (a: RecordLine, b: RecordLine) => Number(a.sequence) - Number(b.sequence);
  await settled(oracle, async () => (await recordsOf(t, server.url)).sort(bySequence));
});

test('a command that is given to one collector reaches a gateway at another, and the answer goes back', async (t) => {
  const { ports, directories, gateway } = await twoCollectors(t);
  const one = await gateway('gw', 0);
  const device = await MosquittoSub.start(t, one.port('mqtt'), ['-q', '1', '-t', 'headgate/devices/pump/commands']);
  await eventually('the gateway to be connected', async () => (await statusOf(one)).uplink.state === 'live');
  const token = readFileSync(join(directories[1]!, 'admin-token'), 'utf8').trim();
  const admin = new AdminClient({ url: `http://127.0.0.1:${ports[1]}`, token });
  t.after(() => admin.close());
  const command = Command.fromPartial({ id: 'c1', deviceId: 'pump', name: 'set', payload: Buffer.from('{"valve":1}') });
  await admin.sendCommand({ gateway: 'gw', command });
  const states: number[] = [];
  const watching = admin.watchCommand(
    { gateway: 'gw', commandId: 'c1' },
    ({ update }) => void states.push(update!.state),
    AbortSignal.timeout(20_000),
  );
  await eventually('the command', () => given(device).length > 0, { timeoutMs: 10_000 });
  const result = 'headgate/devices/pump/commands/c1/result';
  await mosquittoPub(one.port('mqtt'), ['-q', '1', '-t', result, '-m', '{"status":"ok"}']);
  await watching;
  assert.deepEqual(given(device), ['c1']);
  const { commands } = (await statusOf(one)) as unknown as { commands: { total: { acknowledged: number } } };
  assert.equal(commands.total.acknowledged, 1);
  assert.ok(states.length > 0);
});
