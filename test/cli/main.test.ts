import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { main } from '../../src/cli/main.ts';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-cli-'));
});
after(() => rmSync(folder, { recursive: true }));

/** Runs the command line in this process: what it printed and the exit code. */
async function headgate(args: string[], environment: Record<string, string> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await main(args, { out: (text) => out.push(text), err: (text) => err.push(text), environment });
  return { code, out: out.join('\n').replaceAll(folder, ''), err: err.join('\n').replaceAll(folder, '') };
}

const usageAdvice = 'Run `headgate --help` for the verbs and their options.';

test('wrong usage: exit code 2, what is wrong, and what was meant', async () => {
  const rows: [args: string[], message: string][] = [
    [['rnu'], 'There is no verb `rnu`; did you mean `run`?'],
    [['stauts'], 'There is no verb `stauts`; did you mean `status`?'],
    [['__proto__'], 'There is no verb `__proto__`.'],
    [['run', '--confg', 'x'], 'run: There is no option --confg; did you mean --config?'],
    [['run', '--frobnicate'], 'run: There is no option --frobnicate.'],
    [['run', '-x'], 'run: There is no option -x.'],
    [['run', '--config'], 'run: --config needs FILE after it.'],
    [['run', '--welcome=yes'], 'run: --welcome takes no value.'],
    [['run', 'fast'], 'run: `fast` is one word too many.'],
    [['check', 'a', 'b'], 'check: only one file can be checked at a time.'],
    [['decode', '--payload', '1'], 'decode: one of --topic TOPIC and --serial PROFILE is needed.'],
    [['decode', '--topic', 'a'], 'decode: one of --payload TEXT and --payload-hex HEX is needed.'],
    [
      ['decode', '--topic', 'a', '--payload', '1', '--payload-hex', '31'],
      'decode: one of --payload TEXT and --payload-hex HEX is needed.',
    ],
    [
      ['decode', '--topic', 'a', '--payload-hex', '3'],
      'decode: --payload-hex takes pairs of hexadecimal digits, such as 7b7d.',
    ],
    [['collector', 'records', '--last', '0'], 'collector records: --last takes a whole number from 1 on, not 0.'],
  ];
  for (const [args, message] of rows) {
    const { code, out, err } = await headgate(args);
    assert.deepEqual(
      { code, out, err },
      { code: 2, out: '', err: `headgate: ${message}\n${usageAdvice}` },
      args.join(' '),
    );
  }
});

test('--version and --help', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  assert.deepEqual(await headgate(['--version']), { code: 0, out: `headgate ${version}`, err: '' });
  const help = await headgate(['--help']);
  assert.deepEqual(await headgate([]), help);
  assert.equal(help.code, 0);
  const verbs = [...help.out.matchAll(/^ {2}([a-z]+) /gm)].map(([, verb]) => verb ?? '');
  assert.ok(verbs.length >= 6);
  for (const verb of verbs) {
    const { code, out, err } = await headgate([verb, '--help']);
    assert.equal(code, 0, verb);
    assert.equal(err, '', verb);
    assert.match(out, new RegExp(`^headgate ${verb}\\b`), verb);
    assert.match(out, /--help/, verb);
    assert.ok(
      out.split('\n').every((line) => line.length <= 120),
      verb,
    );
  }
  assert.match((await headgate(['collector', 'records', '--help'])).out, /--last N/);
});

test('a wrong or missing configuration stops every verb that needs one, with exit code 78', async () => {
  for (const verb of [['run'], ['collector'], ['collector', 'records'], ['decode', '--topic', 'a', '--payload', '1']]) {
    const missing = await headgate([...verb, '--config', join(folder, 'none.yaml')]);
    assert.equal(missing.code, 78, verb.join(' '));
    assert.equal(
      missing.err,
      "headgate: The configuration /none.yaml can't be read: there is no such file.\nCheck the path and its permissions.",
    );
    const wrong = await headgate([...verb, '--set', 'mqtt.prot=1', '--set', 'mqtt.port=x']);
    assert.equal(wrong.code, 78, verb.join(' '));
    assert.deepEqual(wrong.err.split('\n'), [
      'headgate: --set mqtt.prot=1: There is no key `mqtt.prot`; did you mean `mqtt.port`?',
      'headgate: --set mqtt.port=x: `mqtt.port` is "x", but must be a whole number from 0 to 65535.',
      'Correct the configuration as the message says; `headgate check` tells when it is right.',
    ]);
  }
});

test('decode: the measurements as JSON, numbers exact', async () => {
  const decode = async (...args: string[]) =>
    (await headgate(['decode', '--topic', 'site/kitchen/state', ...args])).out;
  const text = await decode('--payload', '{"t":21.5,"on":true,"n":9007199254740993}');
  assert.match(text, /"value": 9007199254740993\b/);
  const {
    deviceId,
    measurements: [{ fields }],
    keepPayload,
  } = JSON.parse(text);
  assert.equal(deviceId, 'site/kitchen/state');
  assert.equal(keepPayload, false);
  assert.deepEqual(fields.slice(0, 2), [
    { name: 't', value: 21.5 },
    { name: 'on', value: true },
  ]);
  assert.equal(await decode('--payload-hex', '32 31'), await decode('--payload', '21'));
  assert.equal(JSON.parse(await decode('--payload', 'hello\u0000')).keepPayload, true);
  const named = JSON.parse(await decode('--payload', '1', '--set', 'decode.deviceTopics=site/{device}/#'));
  assert.equal(named.deviceId, 'kitchen');
});
