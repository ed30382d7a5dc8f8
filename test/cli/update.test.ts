import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UpdateState } from '../../src/appliance/update.ts';
import { main } from '../../src/cli/main.ts';
import { applianceText } from '../../src/cli/update.ts';
import { updateLines } from '../../src/cli/update-text.ts';

async function run(...args: string[]) {
  const said: string[] = [];
  const write = (text: string) => void said.push(text);
  const code = await main(['update', ...args], { out: write, err: write, environment: {} });
  return { code, text: said.join('\n') };
}

test('wrong usage, and a machine that is no appliance, are told apart', async () => {
  const rows: [args: string[], code: number, text: RegExp][] = [
    [['--help'], 0, /^headgate update \[FILE\|URL\]/],
    [['a', 'b'], 2, /one bundle/],
    [['--restart'], 2, /--restart goes with a bundle/],
    [[], 1, /does not run from the Headgate image/],
    [['/tmp/x.raucb', '--json'], 1, /does not run from the Headgate image/],
  ];
  for (const [args, code, text] of rows) {
    const found = await run(...args);
    assert.equal(found.code, code, found.text);
    assert.match(found.text, text);
  }
});

test('the slots are told in a table', () => {
  const slot = { build: null, installedAt: null };
  const text = applianceText({
    ...{ version: '0.2.0', build: 'abc', architecture: 'arm64' },
    slots: [
      { ...slot, name: 'A', state: 'proven', isRunning: false, isNext: false, version: '0.1.0', triesLeft: 8 },
      { ...slot, name: 'B', state: 'trial', isRunning: true, isNext: true, version: '0.2.0', triesLeft: 2 },
    ],
  });
  assert.equal(
    text,
    [
      'Headgate 0.2.0 (abc), arm64',
      '',
      'slot  version  now                state     tries left  installed',
      'A     0.1.0    –                  works     8           –',
      'B     0.2.0    runs, starts next  on trial  2           –',
    ].join('\n'),
  );
});

test('an update is told of in few lines', () => {
  const line = updateLines();
  const from = 'https://example.org/x.raucb';
  const receiving = (bytes: number): UpdateState => ({ step: 'receiving', from, bytes, totalBytes: 40e6 });
  const installed = { from, version: '0.0.9', isOlder: true };
  const states: UpdateState[] = [
    ...[0, 1e6, 2e6, 20e6, 21e6, 40e6].map(receiving),
    { step: 'verifying', from },
    ...[0, 3, 12, 15, 40].map((percent): UpdateState => ({ step: 'installing', percent, ...installed })),
    { step: 'installed', ...installed },
  ];
  assert.deepEqual(states.map(line).filter(Boolean), [
    'Downloading: 20 MB of 40 MB',
    'Downloading: 40 MB of 40 MB',
    'Checking the signature.',
    'Installing 0.0.9, which is older than what runs.',
    'Installing: 12%',
    'Installing: 40%',
    "0.0.9 is installed. It runs from the machine's next start on; if it does not work, the machine goes back by itself.",
  ]);
});
