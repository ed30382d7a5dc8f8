import { deepEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { partitionsOf } from '../../deploy/check/disk-image.ts';
import { memoryOf } from '../../deploy/check/memory.ts';

test('the partitions of a card are read from its first sector', () => {
  const sector = Buffer.alloc(512);
  throws(() => partitionsOf(sector), /no partition table/);
  sector.writeUInt16LE(0xaa55, 510);
  for (const [number, type, first, count] of [
    [0, 0x0c, 2048, 262_144],
    [3, 0x83, 0xf0_00_00_00, 2048],
  ] as const) {
    sector[446 + number * 16 + 4] = type;
    sector.writeUInt32LE(first, 446 + number * 16 + 8);
    sector.writeUInt32LE(count, 446 + number * 16 + 12);
  }
  deepEqual(partitionsOf(sector), [
    { from: 2 ** 20, to: 129 * 2 ** 20, type: 0x0c },
    undefined,
    undefined,
    // Beyond what 32 bits of bytes reach.
    { from: 0xf0_00_00_00 * 512, to: 0xf0_00_00_00 * 512 + 2 ** 20, type: 0x83 },
  ]);
});

test('memory is summed over processes, and those of the gateway', () => {
  const text = `MemTotal:         499712 kB
MemFree:           10000 kB
MemAvailable:     299712 kB
Name:	systemd
VmRSS:	   12000 kB
Name:	kthreadd
State:	S (sleeping)
Name:	node
VmRSS:	  150000 kB
Name:	node
VmRSS:	   60000 kB
`;
  deepEqual(memoryOf(text), { processesMB: 227, gatewayMB: 215, usedMB: 205, totalMB: 512 });
});
