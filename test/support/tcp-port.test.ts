import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import test from 'node:test';
import { accepts, freePort } from './tcp-port.ts';

test('a free port is one that nobody listens on, none that the system gives away, and taken for everybody else', async (t) => {
  const ports = await Promise.all(Array.from({ length: 50 }, freePort));
  assert.equal(new Set(ports).size, ports.length);
  const [given] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split('\t').map(Number);
  for (const port of ports) {
    assert.ok(port < given!, `the system gives away ${port} (net.ipv4.ip_local_port_range)`);
    assert.equal(await accepts(port), false);
    const claim = createServer().listen(`\0headgate-test-port-${port}`);
    const [error] = (await once(claim, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'EADDRINUSE');
  }
  const [port] = ports;
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  assert.equal(await accepts(port!), true);
});
