import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { AdminClient } from '../../../src/collector/admin/client.ts';
import type { AdminHandlers } from '../../../src/collector/admin/handlers.ts';
import { adminImplementation, isLocal } from '../../../src/collector/admin/service.ts';
import { ensureAdminToken } from '../../../src/collector/admin/token.ts';
import { HeadgateError } from '../../../src/core/errors.ts';
import { silentLog } from '../../../src/lib/log.ts';
import { readIfThere } from '../../../src/lib/private-file.ts';
import { adminService } from '../../../src/wire/admin-service.ts';
import { tempDir } from '../../support/temp-dir.ts';

const command = { id: 'c1', deviceId: 'd', name: 'on', payload: new Uint8Array(), priority: 0 } as const;

async function serve(t: TestContext, handlers: Partial<AdminHandlers>, isSecure = isLocal) {
  const tokenFile = join(tempDir(t), 'admin-token');
  await ensureAdminToken(tokenFile);
  const server = new Server();
  server.addService(adminService, adminImplementation({ handlers, tokenFile, isSecure, log: silentLog }));
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  t.after(() => server.forceShutdown());
  const client = (token = readIfThere(tokenFile)!.trim()): AdminClient => {
    const admin = new AdminClient({ url: `http://127.0.0.1:${port}`, token });
    t.after(() => admin.close());
    return admin;
  };
  return { client, tokenFile };
}

const fake: Partial<AdminHandlers> = {
  sendCommand: async ({ gateway, command }) => {
    if (gateway === 'unknown') throw new HeadgateError('request.unknown', `No gateway ${gateway} has ever been here.`);
    return { commandId: command?.id ?? '', wasKnown: false };
  },
  watchCommand: async ({ commandId }, send, gone) => {
    for (const revision of [1, 2])
      send({
        update: { commandId, revision, state: 1, reason: '', result: new Uint8Array(), at: undefined, deviceId: '' },
      });
    if (commandId === 'endless') await new Promise((resolve) => gone.addEventListener('abort', resolve));
  },
};

test('an administrator is heard, a failure says why, and what nobody does is said to be unknown', async (t) => {
  const { client, tokenFile } = await serve(t, fake);
  assert.equal(statSync(tokenFile).mode & 0o777, 0o600);
  const admin = client();
  assert.equal(
    (await admin.sendCommand({ gateway: 'gw', command: { ...command, expiresAt: undefined, createdAt: undefined } }))
      .commandId,
    'c1',
  );
  await assert.rejects(admin.sendCommand({ gateway: 'unknown', command: undefined }), {
    code: 'collector.refused',
    message: /No gateway unknown/,
  });
  await assert.rejects(admin.listGateways({}), { code: 'collector.refused', message: /does not know this request/ });
});

test('updates come until they end, or until nobody listens any more', async (t) => {
  const { client } = await serve(t, fake);
  const revisions: number[] = [];
  await client().watchCommand(
    { gateway: 'gw', commandId: 'c' },
    ({ update }) => revisions.push(update!.revision),
    new AbortController().signal,
  );
  assert.deepEqual(revisions, [1, 2]);
  const gone = new AbortController();
  const ended = client().watchCommand({ gateway: 'gw', commandId: 'endless' }, () => gone.abort(), gone.signal);
  await ended;
});

test('without the token, with another one, or over a connection that others can read, nobody is heard', async (t) => {
  const { client, tokenFile } = await serve(t, fake);
  const request = { gateway: 'gw', command: undefined };
  await assert.rejects(client('guess').sendCommand(request), {
    code: 'collector.refused',
    message: /not the collector's admin token/,
  });
  const admin = client();
  writeFileSync(tokenFile, 'changed\n');
  await assert.rejects(admin.sendCommand(request), { message: /admin token/ });
  await assert.rejects(
    admin.watchCommand({ gateway: 'gw', commandId: 'c' }, () => {}, new AbortController().signal),
    { message: /admin token/ },
  );
  assert.ok(await client('changed').sendCommand(request), 'a new token counts without a restart');
  writeFileSync(tokenFile, '');
  await assert.rejects(client('x').sendCommand(request), { message: /admin token/ });
  const open = await serve(t, fake, () => false);
  await assert.rejects(open.client().sendCommand(request), { message: /only listened to over TLS/ });
});
