import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Compile } from 'typebox/schema';
import type { ApplianceApi } from '../../src/api/appliance-routes.ts';
import { HttpApi, type HttpLimits } from '../../src/api/http-api.ts';
import type { UpdateState } from '../../src/appliance/update.ts';
import { HeadgateError } from '../../src/core/errors.ts';
import { dependencies } from './fixtures.ts';

const file = readFileSync(join(import.meta.dirname, '../../src/api/openapi.json'), 'utf8');
const { paths } = JSON.parse(file);

function check(path: string, method: string, status: number, value: unknown): void {
  const { schema } = paths[path][method].responses[status].content['application/json'];
  const [isRight, errors] = Compile(schema).Errors(value);
  assert.ok(isRight, JSON.stringify(errors));
}

/** A machine that notes what it is asked for. */
function anApi(update: UpdateState = { step: 'idle' }) {
  const asked: unknown[] = [];
  const slot = { build: null, installedAt: null, triesLeft: 3 };
  const api: ApplianceApi = {
    view: async () => ({
      ...{ version: '0.1.0', build: '7', architecture: 'amd64', update },
      slots: [{ ...slot, name: 'A', state: 'proven', isRunning: true, isNext: true, version: '0.1.0' }],
    }),
    updateFrom: async (url) => {
      asked.push(url);
      return update;
    },
    upload: async (source, name, bytes) => {
      const pieces: Uint8Array[] = [];
      for await (const piece of source) {
        pieces.push(piece);
        if (name === 'bad') throw new HeadgateError('update.refused', 'This is no update bundle.');
      }
      asked.push({ name, bytes, text: Buffer.concat(pieces).toString() });
      return update;
    },
    ask: async (what) => void asked.push(what),
  };
  return { api, asked };
}

test('a machine that is no appliance says so at each route', async (t) => {
  const app = await new HttpApi(dependencies()).build();
  t.after(() => app.close());
  const rows = [
    ['GET', '', undefined],
    ['POST', '/update', { url: 'https://example.org/x.raucb' }],
    ['POST', '/restart', undefined],
    ['POST', '/factory-reset', { confirm: hostname() }],
  ] as const;
  for (const [method, path, body] of rows) {
    const answer = await app.inject({ method, url: `/api/v1/appliance${path}`, ...(body && { body }) });
    assert.equal(answer.statusCode, 404, path);
    assert.equal(answer.json().code, 'appliance.none');
  }
});

test('each state of an update is told as the document says', async (t) => {
  const installed = { from: 'x', version: '0.2.0', isOlder: false };
  const states: UpdateState[] = [
    { step: 'idle' },
    { step: 'receiving', from: 'x', bytes: 1, totalBytes: null },
    { step: 'verifying', from: 'x' },
    { step: 'installing', percent: 40, ...installed },
    { step: 'installed', ...installed },
    { step: 'failed', from: 'x', error: new HeadgateError('update.refused', 'It is not whole.') },
  ];
  for (const state of states) {
    const app = await new HttpApi(dependencies({}, { appliance: anApi(state).api })).build();
    t.after(() => app.close());
    const answer = await app.inject('/api/v1/appliance');
    assert.equal(answer.statusCode, 200);
    check('/api/v1/appliance', 'get', 200, answer.json());
    assert.equal(answer.json().update.step, state.step);
    if (state.step === 'failed') assert.equal(answer.json().update.error.detail, 'It is not whole.');
  }
});

test('updates by address, restart, and a factory reset only of the machine that is named', async (t) => {
  const { api, asked } = anApi();
  const app = await new HttpApi(dependencies({}, { appliance: api })).build();
  t.after(() => app.close());
  const post = async (path: string, body?: object) => {
    const answer = await app.inject({ method: 'POST', url: `/api/v1/appliance/${path}`, ...(body && { body }) });
    if (answer.statusCode === 202) check(`/api/v1/appliance/${path}`, 'post', 202, answer.json());
    return answer.statusCode;
  };
  assert.equal(await post('update', { url: 'https://example.org/x.raucb' }), 202);
  assert.equal(await post('update', {}), 400);
  assert.equal(await post('update', { url: 'https://example.org', force: 'yes' }), 400);
  assert.equal(await post('restart'), 202);
  assert.equal(await post('factory-reset', { confirm: 'another machine' }), 400);
  assert.equal(await post('factory-reset'), 400);
  assert.equal(await post('factory-reset', { confirm: hostname() }), 202);
  assert.deepEqual(asked, ['https://example.org/x.raucb', 'restart', 'factory-reset']);
});

test('a bundle that is sent may take longer than requests may, and be refused in the middle', async (t) => {
  const { api, asked } = anApi();
  const limits: Partial<HttpLimits> = { requestTimeoutMs: 60, headersTimeoutMs: 50, checkMs: 10 };
  const http = new HttpApi(dependencies({}, { appliance: api, limits }));
  await http.start();
  t.after(() => http.stop());
  const [host, port] = http.address.split(':');
  const send = (name: string, pieces: number) =>
    new Promise<{ status: number; body: string }>((resolve, reject) => {
      const headers = { 'content-type': 'application/octet-stream', 'content-length': pieces };
      const path = `/api/v1/appliance/update?name=${name}`;
      const asking = request({ host, port, method: 'POST', path, headers, agent: false }, (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (text: string) => (body += text));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
      });
      asking.on('error', reject);
      let sent = 0;
      const timer = setInterval(() => {
        asking.write('x');
        if (++sent < pieces) return;
        clearInterval(timer);
        asking.end();
      }, 10);
    });
  const taken = await send('new.raucb', 30);
  assert.equal(taken.status, 202, taken.body);
  assert.deepEqual(asked, [{ name: 'new.raucb', bytes: 30, text: 'x'.repeat(30) }]);
  const refused = await send('bad', 30);
  assert.equal(refused.status, 400, refused.body);
  assert.equal(JSON.parse(refused.body).code, 'update.refused');
});
