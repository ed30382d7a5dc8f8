import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AdminClient } from '../../src/collector/admin/client.ts';
import { stateNames } from '../../src/collector/commands/command-handlers.ts';
import { Command } from '../../src/wire/generated/headgate/v1/uplink.ts';
import { startCollector } from '../support/collector.ts';
import { given } from '../support/command-site.ts';
import { impatient, startGateway } from '../support/gateway.ts';
import { MosquittoSub, mosquittoPub } from '../support/mosquitto.ts';
import { NatsServer } from '../support/nats-server.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually, within } from '../support/wait.ts';

test('a command is sent at one collector, and goes by another; either may die, and NATS too, and it is done once', async (t) => {
  const dir = tempDir(t);
  const server = await NatsServer.start(t);
  const [near, far] = await Promise.all(
    ['near', 'far'].map((name) => startCollector(t, { sink: server.url, directory: join(dir, name) })),
  );
  const urls = [near!, far!].map((collector) => `http://127.0.0.1:${collector.port('collector')}`);
  const set = { 'gateway.id': 'gw', ...impatient, 'uplink.url': urls.join(',') };
  const gateway = await startGateway(t, { dataDir: join(dir, 'gateway'), set });
  const port = gateway.port('mqtt');
  const device = await MosquittoSub.start(t, port, ['-q', '1', '-t', 'headgate/devices/pump/commands']);
  const token = readFileSync(join(dir, 'far', 'admin-token'), 'utf8').trim();
  const admin = new AdminClient({ url: urls[1]!, token });
  t.after(() => admin.close());
  const send = (id: string) =>
    admin.sendCommand({ gateway: 'gw', command: Command.fromPartial({ id, deviceId: 'pump' }) });
  const answer = (id: string) =>
    mosquittoPub(port, ['-q', '1', '-t', `headgate/devices/pump/commands/${id}/result`, '-m', 'ok']);
  const outcome = async (id: string): Promise<string> => {
    let state = '';
    const tell = ({ update }: { update: { state: number } | undefined }): void => {
      state = stateNames[update!.state as keyof typeof stateNames] ?? 'accepted';
    };
    const watching = admin.watchCommand({ gateway: 'gw', commandId: id }, tell, AbortSignal.timeout(20_000));
    await within(20_000, `the end of ${id}`, watching);
    return state;
  };
  const isGiven = (id: string) =>
    eventually(`${id} at the device`, () => given(device).includes(id), { timeoutMs: 15_000 });

  await send('a');
  await isGiven('a');
  await answer('a');
  assert.equal(await outcome('a'), 'acknowledged');

  // The collector that the gateway is at dies while the device works on it.
  await send('b');
  await isGiven('b');
  await near!.kill();
  await answer('b');
  assert.equal(await outcome('b'), 'acknowledged');

  // NATS is away: nothing is taken in that could be lost, and what was taken in goes on afterwards.
  await send('c');
  await isGiven('c');
  await server.kill();
  await answer('c');
  await assert.rejects(send('d'), { code: /^collector\./ });
  await server.start();
  const settled = (): Promise<boolean> => outcome('c').then((state) => state === 'acknowledged');
  await eventually('c to settle', settled, { timeoutMs: 30_000 });
  assert.equal((await send('a')).wasKnown, true);
  assert.deepEqual(
    given(device).filter((id) => id !== 'd'),
    ['a', 'b', 'c'],
  );
});
