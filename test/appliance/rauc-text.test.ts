import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compareVersions,
  faultOf,
  lastWord,
  parseInfo,
  parseInstallLine,
  parseStatus,
} from '../../src/appliance/rauc-text.ts';

test('what RAUC says while it installs is read line by line', () => {
  const rows: [line: string, expected: object][] = [
    [' 51% Copying image to rootfs.1', { kind: 'progress', percent: 51, doing: 'Copying image to rootfs.1' }],
    ['  0% Installing', { kind: 'progress', percent: 0, doing: 'Installing' }],
    ['100% Installing done.', { kind: 'progress', percent: 100, doing: 'Installing done.' }],
    ['LastError: Failed mounting bundle: no', { kind: 'error', message: 'Failed mounting bundle: no' }],
    ['installing', { kind: 'other' }],
    ['', { kind: 'other' }],
    ['1000% of it', { kind: 'other' }],
  ];
  for (const [line, expected] of rows) assert.deepEqual(parseInstallLine(line), expected, line);
});

test('the slots are found in what RAUC tells of them', () => {
  const slot = (bootname: string, slot_status: unknown) => ({ [`rootfs.${bootname}`]: { bootname, slot_status } });
  const written = {
    bundle: { compatible: 'headgate-amd64', version: '0.2.0', build: '8' },
    installed: { timestamp: '2026-11-26T01:51:56Z', count: 1 },
    status: 'ok',
  };
  const slots = [slot('B', written), slot('A', { bundle: { compatible: null } }), slot('C', written), 7, null];
  assert.deepEqual(parseStatus(JSON.stringify({ compatible: 'headgate-amd64', slots })), {
    compatible: 'headgate-amd64',
    slots: {
      A: { status: undefined, version: undefined, build: undefined, installedAt: undefined },
      B: { status: 'ok', version: '0.2.0', build: '8', installedAt: '2026-11-26T01:51:56Z' },
    },
  });
  for (const text of ['', '[]', '{}', '{"compatible":"x"}', 'null'])
    assert.throws(() => parseStatus(text), { code: 'appliance.failed' });
  assert.throws(() => parseInfo('{"version":"1"}'), { code: 'appliance.failed' });
});

test('each way in which a bundle is wrong has words of its own', () => {
  const rows: [said: string, isBundle: boolean, code: string, message: RegExp][] = [
    [
      'Invalid bundle format: Signature size (3081509392166239309) exceeds bundle size',
      true,
      'update.refused',
      /^The bundle is not whole/,
    ],
    ['Invalid bundle format: Signature size (3) exceeds bundle size', false, 'update.refused', /no update bundle/],
    [
      'signature verification failed: Verify error: self-signed certificate',
      true,
      'update.refused',
      /not signed by whoever this machine trusts \(self-signed certificate\)\.$/,
    ],
    [
      "Compatible mismatch: Expected 'headgate-amd64' but bundle manifest has 'headgate-arm64'",
      true,
      'update.refused',
      /^The bundle is for headgate-arm64; this machine is headgate-amd64\.$/,
    ],
    ['Failed to contact rauc service: Already processing a different method', true, 'request.conflict', /Another/],
    ['Failed updating slot rootfs.1: No space left', true, 'update.failed', /slot rootfs\.1: No space left\.$/],
    ['D-Bus error while installing `/x.raucb`', true, 'update.failed', /service ended in the middle/],
    ['Failed to contact rauc service: Rejected send message, 3 matched rules', true, 'update.failed', /`sudo`/],
    ['', true, 'update.failed', /does not say why/],
  ];
  for (const [said, isBundle, code, message] of rows) {
    const fault = faultOf(said, isBundle);
    assert.equal(fault.code, code, said);
    assert.match(fault.message, message);
  }
});

test("the last word is what is wrong, without the log's", () => {
  const said = [
    'rauc-Message: 01:51:45.716: Reading bundle: /data/update/evil.raucb',
    '(rauc:15621): rauc-WARNING **: 01:54:18.133: what else there is',
    'signature verification failed: Verify error: self-signed certificate',
    'Installing `/data/update/evil.raucb` failed',
    '',
  ];
  assert.equal(lastWord(said.join('\n')), 'signature verification failed: Verify error: self-signed certificate');
  assert.equal(lastWord(''), '');
});

test('versions are in the order that people think of', () => {
  const inOrder = ['0.1.0~rc1', '0.1.0', '0.1.0-2', '0.1.0-10', '0.2.0-beta', '0.2.0', '0.10.0', '1.0'];
  for (const [at, older] of inOrder.entries()) {
    for (const newer of inOrder.slice(at + 1)) {
      assert.ok(compareVersions(older, newer) < 0, `${older} < ${newer}`);
      assert.ok(compareVersions(newer, older) > 0, `${newer} > ${older}`);
    }
    assert.equal(compareVersions(older, older), 0);
  }
});
