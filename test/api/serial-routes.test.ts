import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withBuses } from '../../src/api/bus-ports.ts';
import { HttpApi } from '../../src/api/http-api.ts';
import type { SerialApi } from '../../src/api/serial-routes.ts';
import { HeadgateError } from '../../src/core/errors.ts';
import type { ModbusBusStatus } from '../../src/sources/modbus/status.ts';
import type { ScanRequest } from '../../src/sources/serial/scan.ts';
import type { ListedPort } from '../../src/sources/serial/status.ts';
import { dependencies } from './fixtures.ts';

const url = '/api/v1/serial/scan';
const example = { kind: 'raw', deviceId: '', measurements: [{ deviceId: '', fields: [] }], keepPayload: true } as const;

async function api() {
  const asked: ScanRequest[] = [];
  const site = { isBusy: false };
  const serial: SerialApi = {
    list: async () => [{ path: '/dev/a', node: '/dev/a', usb: null, adapter: null, suggestions: [], configured: null }],
    scan: async (request) => {
      if (site.isBusy) throw new HeadgateError('request.conflict', 'Another port is being listened to.');
      asked.push(request);
      const guesses = [{ profile: 'nova/sds011', confidence: 1, reason: '3 of its frames', example }];
      return { line: { baud: 9600, format: '8N1' }, bytes: Buffer.alloc(300, 0xaa), guesses };
    },
  };
  return { app: await new HttpApi(dependencies({}, { serial })).build(), asked, site };
}

test('ports are listed, and one is listened to', async () => {
  const { app, asked, site } = await api();
  assert.deepEqual(
    (await app.inject('/api/v1/serial')).json().ports.map(({ path }: { path: string }) => path),
    ['/dev/a'],
  );
  const payload = { path: '/dev/a', baud: 9600, format: '8N1', seconds: 5, ask: true };
  const answer = await app.inject({ method: 'POST', url, payload });
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(answer.json(), {
    path: '/dev/a',
    baud: 9600,
    format: '8N1',
    bytes: 300,
    sample: 'aa'.repeat(256),
    suggestions: [{ profile: 'nova/sds011', confidence: 1, reason: '3 of its frames' }],
  });
  assert.deepEqual(asked, [payload]);
  site.isBusy = true;
  const refused = await app.inject({ method: 'POST', url, payload });
  assert.equal(refused.statusCode, 409);
  assert.match(refused.json().detail, /^Another port/);
  assert.equal((await app.inject({ method: 'POST', url, payload, remoteAddress: '10.0.0.7' })).statusCode, 401);
});

for (const [payload, detail] of [
  [{}, /`path` must name a port/],
  [{ path: 1 }, /`path` must name a port/],
  [{ path: '/dev/a', baud: 0 }, /`baud`/],
  [{ path: '/dev/a', seconds: 1000 }, /`seconds`/],
  [{ path: '/dev/a', format: '9N1' }, /`format`/],
  [{ path: '/dev/a', ask: 'yes' }, /`ask` must be/],
  [{ path: '/dev/a', speed: 1 }, /There is no `speed` here/],
  [[], /must be a JSON object/],
] as const) {
  test(`wrong: ${JSON.stringify(payload)}`, async () => {
    const { app, asked } = await api();
    const answer = await app.inject({ method: 'POST', url, payload: payload as object });
    assert.equal(answer.statusCode, 400);
    assert.match(answer.json().detail, detail);
    assert.deepEqual(asked, []);
  });
}

test('a port on which a Modbus bus is, is configured and not listened to', async () => {
  const port = (path: string): ListedPort => {
    return { path, node: path, usb: null, adapter: null, suggestions: [], configured: null };
  };
  const asked: ScanRequest[] = [];
  const bus = (path: string | null, state: 'open' | 'waiting') => {
    return { name: `bus-${path}`, path, state, reason: null } as ModbusBusStatus;
  };
  const serial = withBuses(
    {
      list: async () => ['/dev/null', '/dev/a', '/dev/b'].map(port),
      scan: async (request) => {
        asked.push(request);
        return { line: { baud: 9600, format: '8N1' }, bytes: Buffer.alloc(0), guesses: [] };
      },
    },
    () => [bus('/dev/null', 'open'), bus('/dev/b', 'waiting'), bus(null, 'open'), bus('/dev/headgate-none', 'waiting')],
  );
  const use = (path: string, state: 'open' | 'waiting') => ({
    name: `bus-${path}`,
    profile: null,
    state,
    reason: null,
    hint: null,
  });
  assert.deepEqual(
    (await serial.list()).map(({ path, node, configured }) => [path, node, configured]),
    [
      ['/dev/null', '/dev/null', use('/dev/null', 'open')],
      ['/dev/a', '/dev/a', null],
      ['/dev/b', '/dev/b', use('/dev/b', 'waiting')],
      ['/dev/headgate-none', null, use('/dev/headgate-none', 'waiting')],
    ],
  );
  const never = new AbortController().signal;
  const scan = (path: string) => serial.scan({ path } as ScanRequest, never);
  await assert.rejects(scan('/dev/null'), {
    code: 'request.conflict',
    message: '/dev/null is read from already, as bus-/dev/null.',
  });
  await scan('/dev/a');
  await scan('/dev/b');
  assert.equal(asked.length, 2);
});
