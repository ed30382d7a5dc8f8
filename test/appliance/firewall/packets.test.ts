import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { type Door, doorsOf } from '../../../src/appliance/firewall/doors.ts';
import { rulesetText } from '../../../src/appliance/firewall/ruleset.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { searchPath } from '../../system-programs.ts';
import { basePath } from '../settings/site.ts';

const env = { ...process.env, PATH: searchPath() };

/** A network of its own for a process that does nothing but to hold it. */
async function network(t: TestContext): Promise<ChildProcess> {
  const holder = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up && echo up && exec sleep 600'], { env });
  t.after(() => holder.kill('SIGKILL'));
  let said = '';
  holder.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [first] = (await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')])) as unknown[];
  assert.equal(String(first), 'up\n', said);
  return holder;
}

function within({ pid }: ChildProcess, command: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync('nsenter', ['--target', String(pid), '--net', ...command], {
    input,
    env,
    encoding: 'utf8',
  });
  assert.equal(status, 0, `${command.join(' ')}: ${stderr}`);
  return stdout;
}

/** Listens on ports of both families, and answers each with its number. */
const listen = `const net = require('node:net'); let waiting = 0;
for (const port of process.argv[1].split(',').map(Number)) { waiting++;
  net.createServer((socket) => socket.on('error', () => {}).end(String(port))).listen(port, '::', () => --waiting || console.log('ready')); }`;

/** Dials all at once, and tells what answered each; nothing for a while: it is closed. */
const dial = `const net = require('node:net'); const [host, ports] = process.argv.slice(1);
Promise.all(ports.split(',').map((port) => new Promise((done) => { let text = '';
  const socket = net.connect(Number(port), host).on('data', (piece) => (text += piece)).on('close', () => done([port, text])).on('error', () => {});
  setTimeout(() => socket.destroy(), 800).unref(); }))).then((all) => console.log(JSON.stringify(Object.fromEntries(all))));`;

async function machine(t: TestContext, ports: readonly number[]) {
  const [gate, other] = await Promise.all([network(t), network(t)]);
  const link = [
    'ip',
    'link',
    'add',
    'eth0',
    'netns',
    String(gate.pid),
    'type',
    'veth',
    'peer',
    'eth0',
    'netns',
    String(other.pid),
  ];
  assert.equal(spawnSync(link[0]!, link.slice(1), { env }).status, 0);
  for (const [index, one] of [gate, other].entries()) {
    within(one, ['ip', 'addr', 'add', `10.9.0.${index + 1}/24`, 'dev', 'eth0']);
    within(one, ['ip', '-6', 'addr', 'add', `fd00:9::${index + 1}/64`, 'dev', 'eth0', 'nodad']);
    within(one, ['ip', 'link', 'set', 'eth0', 'up']);
  }
  const server = spawn(
    'nsenter',
    ['--target', String(gate.pid), '--net', process.execPath, '-e', listen, ports.join()],
    { env },
  );
  t.after(() => server.kill('SIGKILL'));
  await once(server.stdout, 'data');
  const dialled = (from: ChildProcess, host: string) =>
    JSON.parse(within(from, [process.execPath, '-e', dial, host, ports.concat(80, 443).join()])) as Record<
      string,
      string
    >;
  return {
    setRules: (doors: readonly Door[], hasSsh: boolean) => within(gate, ['nft', '-f', '-'], rulesetText(doors, hasSsh)),
    /** What answers somebody else, by port. */
    fromElsewhere: (host: string) => dialled(other, host),
    fromHere: (host: string) => dialled(gate, host),
  };
}

test('packets come in where a listener is meant for them, by both families, and nowhere else', async (t) => {
  const ports = [22, 1883, 8080, 8081, 8883, 9999, 50051];
  const site = await machine(t, ports);
  const appliance = doorsOf(loadConfig({ file: basePath }));
  const open = { 1883: '1883', 8080: '8080', 8883: '8883', 443: '8080', 80: '8081' };
  const none = Object.fromEntries([...ports, 80, 443].map((port) => [port, '']));
  site.setRules(appliance, false);
  for (const host of ['10.9.0.1', 'fd00:9::1']) assert.deepEqual(site.fromElsewhere(host), { ...none, ...open }, host);
  // Whoever is on the machine is not asked.
  assert.deepEqual(site.fromHere('127.0.0.1'), {
    ...none,
    ...Object.fromEntries(ports.map((port) => [port, String(port)])),
  });

  site.setRules(
    doorsOf(
      loadConfig({ file: basePath, settings: ['mqtt.host=0.0.0.0', 'mqtt.tls.host=10.9.0.1', 'grpc.host=fd00:9::1'] }),
    ),
    true,
  );
  const both = { ...none, 8080: '8080', 443: '8080', 80: '8081', 22: '22' };
  assert.deepEqual(site.fromElsewhere('10.9.0.1'), { ...both, 1883: '1883', 8883: '8883' });
  assert.deepEqual(site.fromElsewhere('fd00:9::1'), { ...both, 50051: '50051' });

  site.setRules([], false);
  assert.deepEqual(site.fromElsewhere('fd00:9::1'), none);
});

test('a port of one address is led to that address', async (t) => {
  const site = await machine(t, [8080]);
  for (const host of ['10.9.0.1', 'fd00:9::1']) {
    site.setRules(doorsOf(loadConfig({ settings: [`http.host=${host}`, 'http.publicPort=443'] })), false);
    assert.deepEqual(site.fromElsewhere(host), { 8080: '8080', 443: '8080', 80: '' }, host);
  }
});
