import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { main } from '../../src/cli/main.ts';
import { defaultsOf } from '../../src/config/load.ts';
import { configNode } from '../../src/config/node.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Runs `headgate check` in this process: what it printed, with the file's folder taken out, and the exit code. */
async function check(args: string[], environment: Record<string, string> = {}, folder = '') {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = { out: (text: string) => out.push(text), err: (text: string) => err.push(text), environment };
  const code = await main(['check', ...args], terminal);
  const textOf = (lines: string[]) => (folder === '' ? lines.join('\n') : lines.join('\n').replaceAll(folder, ''));
  return { code, out: textOf(out), err: textOf(err) };
}

function fileOf(t: TestContext, name: string, yaml: string): [file: string, folder: string] {
  const folder = tempDir(t);
  writeFileSync(join(folder, name), yaml);
  return [join(folder, name), folder];
}

const builtIn = `
  default-qos0  MQTT QoS 0     bulk, relaxed, dropOldest
  default       every message  normal, local, dropOldest`;

test('what is right is said, with the rules that hold', async (t) => {
  const [file, folder] = fileOf(t, 'right.yaml', 'mqtt: { port: 1884 }\n');
  const right = {
    code: 0,
    out: `/right.yaml is right.\n\nQoS rules; the first that matches a message holds:${builtIn}`,
    err: '',
  };
  assert.deepEqual(await check([file], {}, folder), right);
  assert.deepEqual(await check(['--config', file], {}, folder), right);
  assert.deepEqual(await check([], { HEADGATE_CONFIG: file }, folder), right);
  const { out } = await check(['--set', 'mqtt.port=1']);
  assert.equal(out.split('\n')[0], 'The configuration (defaults, environment and --set) is right.');
});

test('--json: the whole configuration for programs', async () => {
  const { code, out, err } = await check(['--json', '--set', 'mqtt.port=1884', '--set', 'rules=[{name: a, ttl: 1s}]']);
  assert.equal(code, 0);
  assert.match(err, /is right\.$/);
  const config = defaultsOf(configNode) as { mqtt: object };
  const rules = [{ name: 'a', ttl: 1_000, forward: true }];
  assert.deepEqual(JSON.parse(out), { ...config, rules, mqtt: { ...config.mqtt, port: 1884 } });
});

test('--example: the example file', async () => {
  const { code, out } = await check(['--example']);
  assert.deepEqual([code, `${out}\n`], [0, readFileSync('deploy/headgate.example.yaml', 'utf8')]);
});

test('everything that is wrong, a line each, exit code 78', async (t) => {
  const [file, folder] = fileOf(t, 'wrong.yaml', 'mqtt:\n  prot: 1\n  port: x\nrules:\n  - { name: a, ttl: 0 }\n');
  const { code, out, err } = await check([file, '--set', 'log.level=loud', '--topic', 'a'], {}, folder);
  assert.equal(code, 78);
  assert.equal(err, '');
  assert.deepEqual(out.split('\n'), [
    '/wrong.yaml:2:3: There is no key `mqtt.prot`; did you mean `mqtt.port`?',
    '/wrong.yaml:3:9: `mqtt.port` is "x", but must be a whole number from 0 to 65535.',
    '/wrong.yaml:5:21: `rules[0].ttl` is 0, with which every record would expire at once; take it away to let records wait for ever.',
    '--set log.level=loud: `log.level` is "loud", but must be trace, debug, info, warn, error or silent.',
  ]);
});

const someRules = `
decode: { deviceTopics: ["site/{device}/#"] }
rules:
  - { name: alarms, match: { topic: "alarm/#" }, priority: critical, durability: local, ttl: 30d, maxBytes: 200MB }
  - { name: chatter, match: { topic: "site/+/debug", field: t }, priority: bulk, thin: { every: 10s } }
  - { name: private, match: { topic: "site/+/a/topic/filter/of/some/length" }, forward: false }
  - { name: kitchen, match: { source: mqtt, device: kitchen }, priority: normal, durability: anywhere }
  - { name: never, match: { source: mqtt, device: kitchen, mqttQos: 1 } }
`;

test('the rules stand in a table', async (t) => {
  const [file] = fileOf(t, 'rules.yaml', someRules);
  const { out } = await check([file]);
  assert.equal(
    out.slice(out.indexOf('\n\n') + 2),
    `
QoS rules; the first that matches a message holds:
  alarms        topic alarm/#                         critical, local, block, for 30 d, up to 200.0 MB
  chatter       topic site/+/debug, field t           MQTT QoS 0: bulk, relaxed, dropOldest
                                                      others: bulk, local, dropOldest
                                                      keeps the first record in each 10 s, by device, topic and tags
  private       topic site/+/a/topic/filter/of/some/length
                                                      not forwarded to the collector
  kitchen       source mqtt, device kitchen           normal, anywhere, dropOldest
  never         source mqtt, device kitchen, MQTT QoS 1
                                                      normal, local, dropOldest
                                                      never holds: rule "kitchen" before it takes all of its messages
  default-qos0  MQTT QoS 0                            bulk, relaxed, dropOldest
  default       every message                         normal, local, dropOldest`.slice(1),
  );
});

test('--topic: which rule holds for a message, and why', async (t) => {
  const [file] = fileOf(t, 'rules.yaml', someRules);
  const explained = async (...args: string[]) => {
    const { code, out } = await check([file, ...args]);
    assert.equal(code, 0);
    return out.slice(out.lastIndexOf('\n\n') + 2).split('\n');
  };
  assert.deepEqual(await explained('--topic', 'site/kitchen/debug', '--payload', '{"h":40}'), [
    'A message on site/kitchen/debug (source mqtt; MQTT QoS 1; device kitchen; fields h):',
    '  rule "kitchen" holds: the source is mqtt; device kitchen matches kitchen',
    '  normal, anywhere, dropOldest',
    'Rules before it that do not hold:',
    '  rule "alarms": topic alarm/# does not match site/kitchen/debug',
    '  rule "chatter": field t is asked for, and it has no such field',
    '  rule "private": topic site/+/a/topic/filter/of/some/length does not match site/kitchen/debug',
  ]);
  assert.deepEqual(
    (await explained('--topic', 'site/hall/debug', '--payload', '{"t":40}', '--mqtt-qos', '0')).slice(0, 5),
    [
      'A message on site/hall/debug (source mqtt; MQTT QoS 0; device hall; fields t):',
      '  rule "chatter" holds: topic site/+/debug matches site/hall/debug; it has the field t',
      '  bulk, relaxed, dropOldest',
      '  keeps the first record in each 10 s, by device, topic and tags',
      'Rules before it that do not hold:',
    ],
  );
  assert.deepEqual(await explained('--topic', 'alarm/fire', '--source', 'rest'), [
    'A message on alarm/fire (source rest; device alarm/fire; no fields):',
    '  rule "alarms" holds: topic alarm/# matches alarm/fire',
    '  critical, local, block, for 30 d, up to 200.0 MB',
  ]);
  assert.match(
    (await explained('--topic', 'site/x/a/topic/filter/of/some/length')).join('\n'),
    /rule "private" holds: .*\n {2}not forwarded to the collector\n/,
  );
});

test('--topic: each record of a message is decided by itself', async (t) => {
  const rules = `
rules:
  - { name: rain, match: { field: rain }, priority: critical }
  - { name: senml, match: { profile: "ietf/*", kind: measurement } }
`;
  const [file] = fileOf(t, 'rules.yaml', rules);
  const explained = async (payload: string) => {
    const { out } = await check([file, '--topic', 'a', '--payload', payload]);
    return out.slice(out.lastIndexOf('\n\n') + 2).split('\n');
  };
  const pack = '[{"bt":1790000000,"n":"wind","v":1},{"n":"rain","v":2,"t":1},{"n":"wind","v":1,"t":2}]';
  assert.deepEqual(await explained(pack), [
    'A message on a (source mqtt; MQTT QoS 1; profile ietf/senml-json; device a; fields wind):',
    '  rule "senml" holds: it is of kind measurement; it was decoded by profile ietf/senml-json, which ietf/* matches',
    '  normal, local, dropOldest',
    'Rules before it that do not hold:',
    '  rule "rain": field rain is asked for, and it has no such field',
    'It becomes 3 records, each decided by itself. Another rule holds for',
    '  rule "rain" for device a, fields rain: it has the field rain',
  ]);
  assert.match(
    (await explained(pack.replace('rain', 'sun'))).at(-1) ?? '',
    /3 records, .* that rule holds for all of them\.$/,
  );
});

test('--topic --json: the same for programs', async () => {
  const { out, err } = await check(['--topic', 'a', '--source', 'serial', '--json']);
  assert.match(err, /is right\.$/);
  const { message, explanation, rules } = JSON.parse(out);
  const seen = { device: 'serial:a', kind: 'raw', profile: null, fields: [], records: 1 };
  assert.deepEqual(message, { source: 'serial', topic: 'a', mqttQos: null, ...seen });
  assert.equal(explanation.rule, 'default');
  assert.deepEqual(
    rules.map(({ name }: { name: string }) => name),
    ['default-qos0', 'default'],
  );
});

test('a frame of a serial port is decoded by the profile that is named for it', async (t) => {
  const port = '{ name: meter, path: /dev/ttyUSB0, profile: arduino/json-lines }';
  const [file] = fileOf(t, 'serial.yaml', `serial: { ports: [${port}] }\n`);
  const payload = '{"temperature":21.5}';
  const asked = async (source: string) => {
    const { out } = await check([file, '--topic', 'meter', '--source', source, '--payload', payload, '--json']);
    return JSON.parse(out).message.profile;
  };
  assert.deepEqual([await asked('serial'), await asked('mqtt')], ['arduino/json-lines', null]);
});

test('a profile that is for another kind of line, or that is not there, is told of where it is named', async (t) => {
  const ports = '[{ name: a, path: /dev/a, profile: eastron/sdm630 }]';
  const units =
    '[{ unit: 1, profile: eastron/sdm630 }, { unit: 2, profile: plantower/pms5003 }, { unit: 3, profile: no/such }]';
  const buses = `[{ name: x, path: /dev/b, units: ${units} }]`;
  const [file] = fileOf(t, 'lines.yaml', `serial: { ports: ${ports} }\nmodbus: { buses: ${buses} }\n`);
  const { code, out } = await check([file]);
  assert.equal(code, 78);
  assert.deepEqual(out.trim().split('\n'), [
    '`serial.ports[0].profile`: The profile eastron/sdm630 is for a Modbus device, which has to be asked: put it under `modbus.buses`, not under `serial.ports`.',
    '`modbus.buses[0].units[1].profile`: The profile plantower/pms5003 says nothing of Modbus registers: put its device under `serial.ports`, or name another profile.',
    '`modbus.buses[0].units[2].profile`: There is no profile no/such: see `headgate profile list`.',
  ]);
});

test('a question that can not be answered is wrong usage', async () => {
  const rows: readonly (readonly [args: string[], message: string])[] = [
    [['--payload', '1'], '--payload says more of a message, so --topic TOPIC is needed too.'],
    [['--source', 'rest'], '--source says more of a message, so --topic TOPIC is needed too.'],
    [['--topic', 'a/#'], '--topic takes the topic of one message, without # and +.'],
    [['--topic', ''], '--topic takes the topic of one message, without # and +.'],
    [['--topic', 'a', '--mqtt-qos', '3'], '--mqtt-qos takes 0, 1 or 2, not 3.'],
  ];
  for (const [args, message] of rows) {
    const { code, err } = await check(args);
    assert.deepEqual([code, err.split('\n')[0]], [2, `headgate: check: ${message}`], args.join(' '));
  }
});

test('what the collector has set is part of the configuration, is named, and checked', async (t) => {
  const [file, folder] = fileOf(t, 'own.yaml', 'rules: [{ name: own }]\n');
  const remote = (text: string): void => writeFileSync(join(folder, 'remote.yaml'), text);
  remote('rules:\n  - name: far\n    priority: critical\n');
  const args = [file, '--set', `dataDir=${folder}`];
  const { code, out } = await check(args, {}, folder);
  assert.equal(code, 0);
  assert.match(out, /^\/own\.yaml, with what the collector has set \(\/remote\.yaml\), is right\.\n/);
  assert.match(out, /\n {2}far .*critical/);
  assert.doesNotMatch(out, /own {2}/);
  remote('rules:\n  - nam: far\n');
  const wrong = await check(args, {}, folder);
  assert.equal(wrong.code, 78);
  assert.match(wrong.out, /^\/remote\.yaml:2:5: .*did you mean/);
});
