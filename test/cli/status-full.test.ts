import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusText } from '../../src/cli/status-text.ts';
import type { NoRoom } from '../../src/core/no-room.ts';
import { composeStatus } from '../../src/instrumentation/status.ts';
import { healthyParts, someTimeMs } from '../support/status.ts';

test('what is full is said: the disk with its place and what it has left, or the buffer', () => {
  const rows: readonly (readonly [NoRoom, RegExp])[] = [
    [{ of: 'budget' }, /^Disk {8}FULL \(6\.0 MB of 2\.0 GB\): sources/m],
    [
      { of: 'disk', directory: '/d', freeBytes: 4_096 },
      /^Disk {8}FULL: 4\.1 kB left on the disk of \/d; the buffer has 6\.0 MB of 2\.0 GB$/m,
    ],
  ];
  for (const [full, says] of rows) {
    const buffer = { ...healthyParts.buffer, state: 'full', full, diskBytes: 6e6, maxBytes: 2e9 } as const;
    assert.match(statusText(composeStatus({ ...healthyParts, buffer }, someTimeMs), someTimeMs), says);
  }
});

test('what the disk has room for is said when that is less than the buffer may take', () => {
  const rows: readonly (readonly [commits: number, roomBytes: number, text: RegExp])[] = [
    [0, 2e9, /^Disk {8}6\.0 MB of 2\.0 GB$/m],
    [0, 5e8, /^Disk {8}6\.0 MB of 2\.0 GB, of which its disk has room for 500\.0 MB$/m],
    [2, 5e8, /^Disk {8}6\.0 MB of 2\.0 GB, of which its disk has room for 500\.0 MB, 2\n +commits, /m],
  ];
  for (const [commits, roomBytes, text] of rows) {
    const buffer = { ...healthyParts.buffer, commits, diskBytes: 6e6, maxBytes: 2e9, roomBytes };
    assert.match(statusText(composeStatus({ ...healthyParts, buffer }, someTimeMs), someTimeMs), text);
  }
});
