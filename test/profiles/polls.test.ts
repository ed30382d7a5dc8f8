import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checksumAt, checksumOf, checksumSize } from '../../src/profiles/framing/checksums.ts';
import type { ChecksumKind } from '../../src/profiles/framing/options.ts';
import { loadLibrary } from '../../src/profiles/library.ts';

interface Check {
  readonly kind: ChecksumKind;
  /** The first byte that it covers, and how many bytes stand behind it. */
  readonly from: number;
  readonly behind: number;
}

/** How requests of bytes are secured, by the devices' data sheets. */
const checks: Readonly<Record<string, Check>> = {
  'bosch/mcu680': { kind: 'sum8', from: 0, behind: 0 },
  'cubic/cm1106': { kind: 'sum8-complement', from: 0, behind: 0 },
  'daly/bms': { kind: 'sum8', from: 0, behind: 0 },
  'honeywell/hpma115': { kind: 'sum8-complement', from: 0, behind: 0 },
  'jbd/bms': { kind: 'sum16-complement', from: 2, behind: 1 },
  'sensirion/sps30': { kind: 'sum8-inverted', from: 1, behind: 1 },
  'voltronic/axpert': { kind: 'crc16-voltronic', from: 0, behind: 1 },
  'winsen/mh-z19': { kind: 'sum8-complement', from: 1, behind: 0 },
  'winsen/zh03b': { kind: 'sum8-complement', from: 1, behind: 0 },
};

test('every request of bytes that a profile has sent is as the device checks it', () => {
  const asked: string[] = [];
  for (const [name, { options }] of loadLibrary().profiles) {
    for (const { requestHex } of options.poll ?? []) {
      if (requestHex === undefined) continue;
      asked.push(name);
      const check = checks[name];
      assert.ok(check !== undefined, `${name}: say here how its request ${requestHex} is secured`);
      const bytes = Buffer.from(requestHex.replaceAll(' ', ''), 'hex');
      const at = bytes.length - check.behind - checksumSize(check.kind);
      const [given, right] = [checksumAt(check.kind, bytes, at), checksumOf(check.kind, bytes, check.from, at)];
      assert.equal(given, right, `${name}: the check of ${requestHex} is ${right.toString(16)}`);
    }
  }
  assert.deepEqual(
    Object.keys(checks).filter((name) => !asked.includes(name)),
    [],
  );
});

test('a profile that asks over a serial line says how the line is set', () => {
  for (const [name, { options }] of loadLibrary().profiles) {
    for (const { request, requestHex, handshake } of options.poll ?? []) {
      assert.equal((request ?? requestHex ?? handshake) !== undefined, true, `${name}: a poll has a request`);
      assert.ok(options.serial !== undefined, `${name}: what is asked over a serial port has its settings`);
    }
  }
});
