import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { startGateway } from '../support/gateway.ts';
import { RawMqtt } from '../support/raw-mqtt.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

interface Heard {
  readonly way: string;
  readonly event: string;
  readonly deviceId?: string;
  readonly change?: string;
  readonly state?: string;
  readonly sequence?: number;
}

test("a browser's EventSource and WebSocket hear what happens to devices, their values and their commands", async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t) });
  const browser = await chromium.launch({
    executablePath: execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  t.after(() => browser.close());
  const page = await browser.newPage();
  const address = `127.0.0.1:${gateway.port('http')}`;
  await page.goto(`http://${address}/`);
  const heard: Heard[] = [];
  await page.exposeFunction('heard', (one: Heard) => heard.push(one));
  await page.evaluate(`
    const stream = new EventSource('/api/v1/live');
    for (const name of ['ready', 'measurement', 'device', 'command'])
      stream.addEventListener(name, ({ data, lastEventId }) => heard({ way: 'stream', lastEventId, ...JSON.parse(data) }));
    const socket = new WebSocket('ws://' + location.host + '/api/v1/live/ws');
    socket.onopen = () => socket.send(JSON.stringify({ type: 'subscribe', id: 1, filter: { devices: ['site/*', 'plug'] } }));
    socket.onmessage = ({ data }) => {
      const { type, events = [] } = JSON.parse(data);
      if (type === 'subscribed') heard({ way: 'socket', event: 'ready' });
      for (const one of events) heard({ way: 'socket', ...one });
    };
  `);
  const count = (way: string, event: string): number =>
    heard.filter((one) => one.way === way && one.event === event).length;
  await eventually('both', () => count('stream', 'ready') + count('socket', 'ready') === 2, { timeoutMs: 10_000 });
  const client = await RawMqtt.connect(gateway.port('mqtt'), 'd');
  client.send({ cmd: 'publish', topic: 'site/a', payload: '{"t":1}', qos: 1, messageId: 1, dup: false, retain: false });
  await client.take('puback');
  const command = await fetch(`http://${address}/api/v1/devices/plug/commands`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id: 'c', name: 'on' }),
  });
  assert.equal(command.status, 202);
  for (const way of ['stream', 'socket']) {
    await eventually(`all that happened, by ${way}`, () =>
      ['measurement', 'device', 'command'].every((event) => count(way, event) > 0),
    );
    const of = (event: string): Heard | undefined => heard.find((one) => one.way === way && one.event === event);
    assert.deepEqual([of('measurement')?.deviceId, of('measurement')?.sequence], ['site/a', 1]);
    assert.deepEqual([of('device')?.deviceId, of('device')?.change], ['site/a', 'new']);
    assert.deepEqual([of('command')?.deviceId, of('command')?.state], ['plug', 'queued']);
  }
  await client.drop();
});
