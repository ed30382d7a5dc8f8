import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { TlsGate } from '../../src/collector/security/tls-gate.ts';
import { systemClock } from '../../src/core/time.ts';
import type { Log } from '../../src/lib/log.ts';
import { serveSockets } from '../../src/lib/socket-server.ts';
import { TestAuthority } from '../support/certificates.ts';
import { tempDir } from '../support/temp-dir.ts';

test('a handshake with the collector that does not go on is ended', { timeout: 10_000 }, async (t) => {
  const dir = tempDir(t);
  const pair = await (await TestAuthority.make()).sign();
  const [certificate, key] = [join(dir, 'server.pem'), join(dir, 'key.pem')];
  writeFileSync(certificate, pair.certificate);
  writeFileSync(key, pair.key, { mode: 0o600 });
  const told: string[] = [];
  const log: Log = {
    debug() {},
    info() {},
    warn: (fields) => told.push((fields as { reason: string }).reason),
    error() {},
  };
  const gate = new TlsGate({
    options: { enabled: true, certificate, key, names: [] } as never,
    host: '127.0.0.1',
    authority: { certificate: pair.certificate } as never,
    clock: systemClock,
    log,
    handshakeMs: 50,
  });
  await gate.start(() => assert.fail('taken in'));
  t.after(() => gate.stop());
  const sockets = await serveSockets('The test', '127.0.0.1', 0, (socket) => gate.inject(socket));
  t.after(() => sockets.destroy());
  const socket = connect(Number(sockets.address.split(':').at(-1)), '127.0.0.1');
  t.after(() => socket.destroy());
  socket.resume();
  await once(socket, 'close');
  assert.deepEqual(told, ['ERR_TLS_HANDSHAKE_TIMEOUT']);
});
