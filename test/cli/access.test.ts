import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { HttpApi } from '../../src/api/http-api.ts';
import { main } from '../../src/cli/main.ts';
import { dependencies } from '../api/fixtures.ts';
import { authSite } from '../auth/site.ts';
import { tempDir } from '../support/temp-dir.ts';

/** A gateway's API before a real book of accounts, and the command line of the user that runs it. */
async function gateway(t: TestContext) {
  const dataDir = tempDir(t);
  const { auth, disk } = await authSite(t, { directory: join(dataDir, 'identity') });
  const api = new HttpApi(dependencies({}, { auth }));
  await api.start();
  t.after(() => api.stop());
  const before = { ...process.env };
  t.after(() => {
    for (const name of ['HEADGATE_DATA_DIR', 'HEADGATE_TOKEN']) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });
  process.env.HEADGATE_DATA_DIR = dataDir;
  const headgate = async (...args: string[]) => {
    const out: string[] = [];
    const err: string[] = [];
    const terminal = { out: (text: string) => out.push(text), err: (text: string) => err.push(text), environment: {} };
    const code = await main([...args, '--url', `http://${api.address}`], terminal);
    return { code, out: out.join('\n'), err: err.join('\n') };
  };
  const passwordFile = join(dataDir, 'password');
  writeFileSync(passwordFile, 'correct horse\n');
  return { auth, disk, headgate, passwordFile, dataDir };
}

test('tokens are made, listed and revoked', async (t) => {
  const { headgate, auth } = await gateway(t);
  const made = await headgate(
    'token',
    'create',
    'panel',
    '--scope',
    'read',
    '--scope',
    'publish:a/#',
    '--expires',
    '90d',
  );
  assert.match(made.out, /^hg_\S+$/);
  assert.match(made.err, /^panel may read, publish:a\/# until \d{4}-/);
  assert.equal(auth.ofToken(made.out)?.name, 'panel');
  const list = (await headgate('token', 'list')).out.split('\n');
  assert.match(list[1] ?? '', /^[a-z2-9]{10}\s+panel\s+read publish:a\/#\s+\d{4}-\d\d-\d\d\s+\d{4}-/);
  assert.equal(JSON.parse((await headgate('token', 'list', '--json')).out).tokens[0].name, 'panel');
  const changed = await headgate('token', 'scopes', 'panel', '--scope', 'command:lamp');
  assert.match(changed.out, /^panel \(\S+\) may command:lamp from now on; open connections were ended\.$/);
  assert.deepEqual(auth.ofToken(made.out)?.may.command, ['lamp']);
  assert.match((await headgate('token', 'revoke', 'panel')).out, /panel .* is revoked/);
  assert.equal(auth.ofToken(made.out), undefined);
  assert.match((await headgate('token', 'revoke', 'panel')).err, /There is no `panel` among the tokens/);
  assert.equal((await headgate('token')).out, 'There are no tokens.');
  const rows: [args: string[], says: RegExp][] = [
    [['create', 'x'], /Say what it may do/],
    [['scopes', 'x'], /Say what it may do/],
    [['create'], /create needs a name/],
    [['make', 'x'], /There is no `make`; there are list, create, scopes, revoke/],
    [['create', 'x', '--scope', 'read', '--expires', 'soon'], /takes a number of days/],
    [['list', 'x'], /one word too many/],
  ];
  for (const [args, says] of rows) {
    const { code, err } = await headgate('token', ...args);
    assert.deepEqual([code, says.test(err)], [2, true], `${args.join(' ')}: ${err}`);
  }
  assert.match((await headgate('token', 'create', 'x', '--scope', 'fly')).err, /There is no scope `fly`/);
});

test('the user that runs the gateway goes on when there are people; others need a token', async (t) => {
  const { headgate, passwordFile, dataDir } = await gateway(t);
  assert.match((await headgate('setup-code')).out, /^[a-z2-9]{5}-[a-z2-9]{5}$/);
  const added = await headgate('user', 'add', 'eve', '--password-file', passwordFile);
  assert.equal(added.out, 'eve may sign in: admin.');
  assert.match((await headgate('setup-code')).err, /is set up already/);
  const made = await headgate('token', 'create', 'panel', '--scope', 'read');
  assert.match((await headgate('user', 'list')).out, /eve\s+admin/);
  assert.match(
    (await headgate('user', 'password', 'eve', '--password-file', passwordFile)).out,
    /^eve has a new password/,
  );
  assert.match((await headgate('user', 'remove', 'eve')).err, /the last administrator/);
  process.env.HEADGATE_DATA_DIR = join(dataDir, 'elsewhere');
  const stranger = await headgate('token', 'list');
  assert.deepEqual([stranger.code, /does not know who asks/.test(stranger.err)], [1, true], stranger.err);
  process.env.HEADGATE_TOKEN = made.out;
  assert.match((await headgate('token', 'list')).err, /panel may not do this: it takes the scope `admin`/);
  assert.match((await headgate('devices')).out, /No device/);
});

test('a key of another gateway on this machine is no hindrance where none is needed', async (t) => {
  const { headgate, dataDir } = await gateway(t);
  writeFileSync(join(dataDir, 'identity', 'machine-key'), 'of another one\n');
  assert.equal((await headgate('token')).out, 'There are no tokens.');
});

test('devices get credentials, and the audit log tells', async (t) => {
  const { headgate, auth, disk } = await gateway(t);
  const made = await headgate('credential', 'create', '--device', 'tasmota:plug');
  assert.match(made.out, /^[a-z2-9]{24}$/);
  assert.equal(made.err, 'tasmota:plug may connect as tasmota:plug, with this password:');
  assert.equal((await headgate('credential', 'create', '--device', 'b', '--cn', 'b-1')).out, 'b may connect as b-1.');
  assert.match((await headgate('credential', 'list')).out, /b-1\s+b\s+publish:b\/#/);
  assert.match((await headgate('credential', 'revoke', 'b-1')).out, /is revoked/);
  assert.match((await headgate('credential', 'create')).err, /--device ID/);
  const audit = (await headgate('audit')).out.split('\n');
  assert.match(audit[1] ?? '', /this machine\s+127\.0\.0\.1\s+credential\.revoke b-1\s+done/);
  assert.equal(JSON.parse((await headgate('audit', '--json', '--limit', '1')).out).entries.length, 1);
  disk.refusal = 'database or disk is full';
  await auth.login({ name: 'eve', password: 'guess', address: '192.0.2.1' });
  const late = (await headgate('audit')).out.split('\n');
  assert.match(late[1] ?? '', /eve\s+192\.0\.2\.1\s+login\s+refused, not on disk yet$/);
  assert.match(late[2] ?? '', /credential\.revoke b-1\s+done$/);
});
