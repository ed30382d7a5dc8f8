import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { HttpApi } from '../../src/api/http-api.ts';
import { ServerCertificate } from '../../src/auth/tls/server-certificate.ts';
import { main } from '../../src/cli/main.ts';
import { systemClock } from '../../src/core/time.ts';
import { silentLog } from '../../src/lib/log.ts';
import { authSite, by } from '../auth/site.ts';
import { runProgram } from '../support/mosquitto.ts';
import { tempDir } from '../support/temp-dir.ts';
import { dependencies } from './fixtures.ts';

test('HTTP speaks TLS: to curl that knows the authority, to the command line, and not without', async (t) => {
  const dataDir = tempDir(t);
  const { auth } = await authSite(t, { directory: join(dataDir, 'identity') });
  const directory = join(dataDir, 'identity', 'tls');
  const certificate = new ServerCertificate({
    options: { enabled: true, names: [] },
    key: 'http.tls',
    directory,
    clock: systemClock,
    log: silentLog,
  });
  const api = new HttpApi(dependencies({}, { auth, certificate }));
  await api.start();
  t.after(() => api.stop());
  const port = api.address.split(':').at(-1);
  const url = `https://localhost:${port}`;
  await auth.changes.addPerson('eve', 'correct horse', ['admin'], by);
  const curl = async (...args: string[]) => {
    const { code, stdout } = await runProgram('curl', ['-sS', '-i', '--max-time', '10', ...args]);
    return { code, text: stdout.toString() };
  };
  const ca = ['--cacert', join(directory, 'authority.pem')];
  const body = JSON.stringify({ name: 'eve', password: 'correct horse' });
  const signedIn = await curl(...ca, '-H', 'content-type: application/json', '-d', body, `${url}/api/v1/session`);
  assert.match(signedIn.text, /^HTTP\/1\.1 200/);
  assert.match(
    signedIn.text,
    /set-cookie: headgate_session=[^;]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+; Secure/i,
  );
  assert.equal((await curl(`${url}/api/v1/health/live`)).code, 60);
  assert.notEqual((await curl(`http://localhost:${port}/api/v1/health/live`)).code, 0);
  assert.match((await curl(...ca, '--tls-max', '1.1', `${url}/api/v1/health/live`)).text, /^$/);
  const before = process.env.HEADGATE_DATA_DIR;
  process.env.HEADGATE_DATA_DIR = dataDir;
  t.after(() => {
    if (before === undefined) delete process.env.HEADGATE_DATA_DIR;
    else process.env.HEADGATE_DATA_DIR = before;
  });
  const out: string[] = [];
  const terminal = { out: (text: string) => out.push(text), err: (text: string) => out.push(text), environment: {} };
  assert.equal(await main(['user', 'list', '--url', url], terminal), 0, out.join('\n'));
  assert.match(out.join('\n'), /eve\s+admin/);
});
