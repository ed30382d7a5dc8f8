import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitingShareOf } from '../../src/buffer/status.ts';

test('what waits is a share of what there is room for', () => {
  const rows = [
    { waitingBytes: 0, diskBytes: 0, roomBytes: 0, share: 0 },
    { waitingBytes: 0, diskBytes: 50, roomBytes: 100, share: 0 },
    { waitingBytes: 50, diskBytes: 60, roomBytes: 200, share: 0.25 },
    // Packed it takes less.
    { waitingBytes: 80, diskBytes: 20, roomBytes: 100, share: 0.2 },
    { waitingBytes: 50, diskBytes: 50, roomBytes: 50, share: 1 },
    // Between two looks at the disk.
    { waitingBytes: 60, diskBytes: 60, roomBytes: 50, share: 1 },
  ];
  for (const { share, ...buffer } of rows) assert.equal(waitingShareOf(buffer), share, JSON.stringify(buffer));
});
