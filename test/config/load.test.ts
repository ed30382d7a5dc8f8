import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { defaultsOf, loadConfig } from '../../src/config/load.ts';
import { configNode } from '../../src/config/node.ts';
import { reserved, variableOf } from '../../src/config/overrides.ts';
import type { Config } from '../../src/config/schema.ts';
import { HeadgateError } from '../../src/core/errors.ts';
import { knownKeywords, leaves, type SchemaNode } from '../../src/lib/settings/schema-node.ts';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-config-'));
});
after(() => rmSync(folder, { recursive: true }));

function fileOf(content: string | Uint8Array): string {
  const path = join(folder, 'gateway.yaml');
  writeFileSync(path, content);
  return path;
}

/** The lines of the error that a configuration gives, with the folder taken out. */
function errorsOf(load: () => unknown, code = 'config.invalid'): string[] {
  try {
    load();
  } catch (error) {
    if (!(error instanceof HeadgateError)) throw error;
    assert.equal(error.code, code);
    return error.message.replaceAll(`${folder}/`, '').split('\n');
  }
  return [];
}

const inFile = (yaml: string) => errorsOf(() => loadConfig({ file: fileOf(yaml) }));

test('without any source it is the defaults, texts turned into numbers', () => {
  const config = loadConfig({});
  assert.deepEqual(config, defaultsOf(configNode));
  assert.equal(config.mqtt.port, 1883);
  assert.equal(config.mqtt.connectTimeout, 10_000);
  assert.equal(config.buffer.maxBatchBytes, 512 * 1024);
  assert.equal(config.dataDir, './data');
  assert.deepEqual(config.gateway, {});
  assert.equal(config.collector.sink, undefined);
});

test('a file without keys is the defaults', () => {
  for (const yaml of ['', '# nothing\n', '---\n', 'mqtt:\nlog:\n', '{}', '\uFEFFmqtt:\n']) {
    assert.deepEqual(loadConfig({ file: fileOf(yaml) }), loadConfig({}), JSON.stringify(yaml));
  }
});

test('each source goes over the ones before, key by key', () => {
  const file = fileOf('mqtt: { port: 1, maxConnections: 11, maxTopicLevels: 12 }\ndecode: { deviceTopics: [a, b] }\n');
  const environment = {
    HEADGATE_MQTT_PORT: '2',
    HEADGATE_MQTT_MAX_CONNECTIONS: '22',
    HEADGATE_DECODE_DEVICE_TOPICS: 'c',
  };
  const { mqtt, decode } = loadConfig({ file, environment, settings: ['mqtt.port=3', 'mqtt.port=4'] });
  assert.deepEqual([mqtt.port, mqtt.maxConnections, mqtt.maxTopicLevels, mqtt.maxInFlight], [4, 22, 12, 1000]);
  assert.deepEqual(decode.deviceTopics, ['c']);
});

test('HEADGATE_CONFIG names the file when --config does not', () => {
  const environment = { HEADGATE_CONFIG: fileOf('mqtt: { port: 7 }') };
  assert.equal(loadConfig({ environment }).mqtt.port, 7);
  assert.equal(loadConfig({ environment: { HEADGATE_CONFIG: '' } }).mqtt.port, 1883);
  const lines = errorsOf(() => loadConfig({ file: join(folder, 'none.yaml'), environment }), 'config.unreadable');
  assert.deepEqual(lines, ["The configuration none.yaml can't be read: there is no such file."]);
});

test('a text from outside becomes what its key takes', () => {
  const rows: [setting: string, read: (config: Config) => unknown, value: unknown][] = [
    ['gateway.name=12', (c) => c.gateway.name, '12'],
    ['gateway.name=a: b #c = d', (c) => c.gateway.name, 'a: b #c = d'],
    ['gateway.name=', (c) => c.gateway.name, ''],
    ['log.level=debug', (c) => c.log.level, 'debug'],
    ['mqtt.connectTimeout=1.5h', (c) => c.mqtt.connectTimeout, 5_400_000],
    ['mqtt.connectTimeout=250', (c) => c.mqtt.connectTimeout, 250],
    ['buffer.maxBatchBytes=8MB', (c) => c.buffer.maxBatchBytes, 8_000_000],
    ['buffer.maxBatchBytes=1024', (c) => c.buffer.maxBatchBytes, 1024],
    ['collector.enabled=false', (c) => c.collector.enabled, false],
    ['decode.deviceTopics=s/{device}/#, t/{device}', (c) => c.decode.deviceTopics, ['s/{device}/#', 't/{device}']],
    ['decode.deviceTopics=["s/{device}/#"]', (c) => c.decode.deviceTopics, ['s/{device}/#']],
    ['decode.deviceTopics=[]', (c) => c.decode.deviceTopics, []],
    ['mqtt={port: 5}', (c) => c.mqtt.port, 5],
  ];
  for (const [setting, read, value] of rows)
    assert.deepEqual(read(loadConfig({ settings: [setting] })), value, setting);
});

test('every key can be set by --set and by its variable', () => {
  for (const { path, node } of leaves(configNode)) {
    if (node.default === undefined || typeof node.default === 'object') continue;
    const text = String(node.default);
    assert.deepEqual(loadConfig({ settings: [`${path.join('.')}=${text}`] }), loadConfig({}), path.join('.'));
    assert.deepEqual(loadConfig({ environment: { [variableOf(path)]: text } }), loadConfig({}), variableOf(path));
  }
  const names = [...leaves(configNode)].map(({ path }) => variableOf(path));
  assert.equal(new Set(names).size, names.length, 'no two keys share a variable');
  assert.ok(names.includes('HEADGATE_BUFFER_MAX_BATCH_BYTES'));
});

test('wrong values and unknown keys: place, what was found, what was expected, what was meant', () => {
  const rows: [yaml: string, ...lines: string[]][] = [
    ['mqtt:\n  prot: 1884', 'gateway.yaml:2:3: There is no key `mqtt.prot`; did you mean `mqtt.port`?'],
    ['mqqt:\n  port: 1', 'gateway.yaml:1:1: There is no key `mqqt`; did you mean `mqtt`?'],
    ['maxTopicLevels: 3', 'gateway.yaml:1:1: There is no key `maxTopicLevels`; did you mean `mqtt.maxTopicLevels`?'],
    ['frobnicate: 3', 'gateway.yaml:1:1: There is no key `frobnicate`.'],
    ['__proto__: { a: 1 }', 'gateway.yaml:1:1: There is no key `__proto__`.'],
    ['mqtt:\n  port: abc', 'gateway.yaml:2:9: `mqtt.port` is "abc", but must be a whole number from 0 to 65535.'],
    ['mqtt:\n  port: 70000', 'gateway.yaml:2:9: `mqtt.port` is 70000, but must be a whole number from 0 to 65535.'],
    ['mqtt:\n  port: 1.5', 'gateway.yaml:2:9: `mqtt.port` is 1.5, but must be a whole number from 0 to 65535.'],
    ['mqtt:\n  port: "1883"', 'gateway.yaml:2:9: `mqtt.port` is "1883", but must be a whole number from 0 to 65535.'],
    ['mqtt:\n  port:', 'gateway.yaml:2:3: `mqtt.port` has no value, but must be a whole number from 0 to 65535.'],
    ['mqtt: { port: true }', 'gateway.yaml:1:15: `mqtt.port` is true, but must be a whole number from 0 to 65535.'],
    [
      'mqtt:\n  connectTimeout: 5 parsecs',
      'gateway.yaml:2:19: `mqtt.connectTimeout` is "5 parsecs", but must be a duration such as 20s, 1.5h or 30d.',
    ],
    [
      'mqtt:\n  connectTimeout: -1',
      'gateway.yaml:2:19: `mqtt.connectTimeout` is -1, but must be a duration such as 20s, 1.5h or 30d.',
    ],
    [
      'mqtt:\n  connectTimeout: .inf',
      'gateway.yaml:2:19: `mqtt.connectTimeout` is Infinity, but must be a duration such as 20s, 1.5h or 30d.',
    ],
    [
      'buffer:\n  maxBatchBytes: 8 apples',
      'gateway.yaml:2:18: `buffer.maxBatchBytes` is "8 apples", but must be a size such as 64KiB or 8MB.',
    ],
    [
      'log: { level: loud }',
      'gateway.yaml:1:15: `log.level` is "loud", but must be trace, debug, info, warn, error or silent.',
    ],
    ['collector: { enabled: yes }', 'gateway.yaml:1:23: `collector.enabled` is "yes", but must be true or false.'],
    [
      'decode:\n  deviceTopics: a',
      'gateway.yaml:2:17: `decode.deviceTopics` is "a", but must be a list, each item text.',
    ],
    [
      'decode:\n  deviceTopics:\n    - a\n    - 3',
      'gateway.yaml:4:7: `decode.deviceTopics[1]` is 3, but must be text.',
    ],
    ['dataDir: ""', 'gateway.yaml:1:10: `dataDir` is "", but must be text that is not empty.'],
    ['gateway: { id: "" }', 'gateway.yaml:1:16: `gateway.id` is "", but must be text of 1 to 200 characters.'],
    ['mqtt: 5', 'gateway.yaml:1:7: `mqtt` is 5, but must hold keys such as host, port, maxPacketSize.'],
    ['- a', 'gateway.yaml:1:1: The configuration is ["a"], but must hold keys such as gateway, dataDir, log.'],
    [
      'x: &a { prot: 1 }\nmqtt: *a',
      'gateway.yaml:1:1: There is no key `x`.',
      'gateway.yaml:2:7: There is no key `mqtt.prot`; did you mean `mqtt.port`?',
    ],
  ];
  for (const [yaml, ...lines] of rows) assert.deepEqual(inFile(yaml), lines, yaml);
});

test('broken YAML: place and reason in plain words', () => {
  const rows: [yaml: string, line: string][] = [
    ['mqtt:\n  port: 1\n  port: 2', 'gateway.yaml:3:3: This key stands twice in the same section; remove one.'],
    ['mqtt:\n  port: 1\nmqtt:\n  host: a', 'gateway.yaml:3:1: This key stands twice in the same section; remove one.'],
    ['mqtt:\n\tport: 1', 'gateway.yaml:2:1: A tab is used for indentation; use spaces.'],
    [
      'mqtt: {port: 1',
      'gateway.yaml:1:15: Something is missing here: a closing quote or bracket, a comma, or a space after a colon.',
    ],
    [
      'mqtt: *nobody',
      'gateway.yaml:1:7: This reference (`*name`) names nothing that stands before it, or repeats itself without end.',
    ],
    [
      'mqtt: &a\n  host: [*a]',
      'gateway.yaml:2:10: This reference (`*name`) names nothing that stands before it, or repeats itself without end.',
    ],
    ['a: 1\n---\nb: 2', 'gateway.yaml:2:1: The file holds more than one document (`---`); keep one.'],
    ['? [a]\n: 1', 'gateway.yaml:1:3: A key must be plain text.'],
    [
      'mqtt:\n  host: a\n port: 1',
      'gateway.yaml:3:1: This line is indented differently from those it belongs to; align it with its neighbours.',
    ],
    ['dataDir: @home', 'gateway.yaml:1:10: Text can not start with this character; put it in quotes.'],
    ['dataDir: !secret x', 'gateway.yaml:1:10: This tag (`!…`) is not known.'],
  ];
  for (const [yaml, line] of rows) assert.equal(inFile(yaml)[0], line, yaml);
});

test('a reference that multiplies itself ends in an error, not in the memory', () => {
  const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(10)}]`);
  const lines = inFile(`l0: &l0 [x]\n${levels.join('\n')}`);
  assert.match(lines[0] ?? '', /^gateway\.yaml:1:1: This reference .* without end\.$/);
});

test('references in a text from outside that lead nowhere or to themselves are no YAML', () => {
  for (const text of ['[*x]', '&a [*a]', '&a {b: [*a]}']) {
    assert.throws(
      () => loadConfig({ settings: [`rules=${text}`] }),
      (error: Error) => error.message.includes(text),
      text,
    );
  }
});

test('what is not a readable text file is one sentence', () => {
  const rows: [path: string, reason: string][] = [
    [join(folder, 'none.yaml'), 'there is no such file'],
    [join(fileOf('a: 1'), 'below-a-file'), 'there is no such file'],
    [folder, 'it is a directory'],
  ];
  for (const [file, reason] of rows) {
    assert.throws(() => loadConfig({ file }), {
      code: 'config.unreadable',
      message: `The configuration ${file} can't be read: ${reason}.`,
    });
  }
  const binary = () => loadConfig({ file: fileOf(Uint8Array.of(0xff, 0xfe, 0x00)) });
  assert.throws(binary, { code: 'config.unreadable', message: /it is not UTF-8 text/ });
  const huge = () => loadConfig({ file: fileOf('#'.repeat(1024 * 1024 + 1)) });
  assert.throws(huge, { code: 'config.unreadable', message: /larger than 1 MiB/ });
});

test('all that is wrong in all sources is said at once', () => {
  const lines = errorsOf(() =>
    loadConfig({
      file: fileOf('mqtt:\n  prot: 1\n  maxTopicLevels: 0\n'),
      environment: {
        HEADGATE_MQTT_PROT: '1',
        HEADGATE_HTTP_PORT: 'x',
        HEADGATE_FAULTS: 'fsync=500ms',
        HEADGATE_LONG: '1',
        OTHER: '1',
      },
      settings: ['mqtt.prot=1', 'nonsense', '=1', 'http.port=-1', 'mqtt={prot: 1}', '__proto__.x=1', 'a.b=1'],
    }),
  );
  assert.deepEqual(lines, [
    'gateway.yaml:2:3: There is no key `mqtt.prot`; did you mean `mqtt.port`?',
    'gateway.yaml:3:19: `mqtt.maxTopicLevels` is 0, but must be a whole number from 1 to 100.',
    'environment HEADGATE_MQTT_PROT: There is no such key; did you mean HEADGATE_MQTT_PORT?',
    'environment HEADGATE_HTTP_PORT: `http.port` is "x", but must be a whole number from 0 to 65535.',
    '--set nonsense: This is not understood; write --set path.to.key=value.',
    '--set =1: This is not understood; write --set path.to.key=value.',
    '--set mqtt={prot: 1}: There is no key `mqtt.prot`; did you mean `mqtt.port`?',
    '--set http.port=-1: `http.port` is -1, but must be a whole number from 0 to 65535.',
    '--set __proto__.x=1: There is no key `__proto__`.',
    '--set a.b=1: There is no key `a`.',
  ]);
});

test('whatever the file holds, loading gives a configuration or says where it is wrong', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: fc.constantFrom(...'abmqt:port -#{}[]*&!|>"\'\n\t1,?%@') }),
      ),
      (text) => {
        for (const line of inFile(text)) assert.match(line, /^gateway\.yaml:\d+:\d+: \S/);
      },
    ),
    { numRuns: 300 },
  );
});

test('the schema uses only keywords that the loader knows, and describes every key', () => {
  const visit = (node: SchemaNode, path: string) => {
    for (const keyword of Object.keys(node)) assert.ok(knownKeywords.has(keyword), `${path}: ${keyword}`);
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      if (path.includes('[]')) assert.match(child.description ?? '', /\.$/, `${path}.${key}`);
      visit(child, `${path}.${key}`);
    }
    for (const child of node.anyOf ?? []) visit(child, path);
    if (node.additionalProperties) visit(node.additionalProperties, path);
    if (node.items) visit(node.items, `${path}[]`);
  };
  visit(configNode, 'config');
  for (const { path, node } of leaves(configNode)) assert.match(node.description ?? '', /\.$/, path.join('.'));
});

test('every variable that the project itself reads is one that the configuration lets pass', () => {
  const files = globSync(['src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts']);
  const read = files.flatMap((path) => [
    ...readFileSync(path, 'utf8').matchAll(/\b(?:env|environment)\??\.(HEADGATE_\w+)/g),
  ]);
  const keys = new Set([...leaves(configNode)].map(({ path }) => variableOf(path)));
  const unknown = read.map(([, name = '']) => name).filter((name) => !reserved.has(name) && !keys.has(name));
  assert.ok(read.length > 0, 'variables were found at all');
  assert.deepEqual(unknown, [], 'reserve them in src/config/overrides.ts');
});
