import { bytesOf, type FrameRow } from './frame-rows.ts';

/** What is delimited, and has a checksum. */
export const checkedRows: readonly FrameRow[] = [
  {
    name: 'COBS with a checksum',
    options: { kind: 'cobs', checksum: { kind: 'crc16-ccitt' } },
    // 123456789 and 29B1, as the CRC catalogue has it; then one bit of it turned over, and less than a checksum.
    stream: `${bytesOf('0c 313233343536373839 29b1 00')}${bytesOf('0c 313233343536373839 29b0 00')}${bytesOf('03 29b1 00')}`,
    frames: ['123456789'],
    discarded: [
      ['checksum', bytesOf('0c 313233343536373839 29b0 00')],
      ['malformed', bytesOf('03 29b1 00')],
    ],
  },
  {
    name: 'SLIP with a checksum that begins behind an address',
    options: { kind: 'slip', checksum: { kind: 'sum8', from: 1 } },
    stream: bytesOf('05 01 02 03 c0 05 01 02 04 c0'),
    frames: [bytesOf('05 01 02')],
    discarded: [['checksum', bytesOf('05 01 02 04 c0')]],
  },
];
