import { promisify } from 'node:util';
import { constants, gzip, zstdCompress } from 'node:zlib';
import { isLoopback } from '../lib/loopback.ts';
import { Compression } from '../wire/generated/headgate/v1/uplink.ts';

/** `uplink.compression`. */
export type CompressionChoice = 'auto' | 'off' | 'zstd' | 'gzip';

/** How uploads of one connection are compressed; undefined: not at all. */
export type Compressing = 'zstd' | 'gzip' | undefined;

/** Less than this is a record or two: what there is to save would not pay for the way to another thread. */
export const leastBytes = 256;

const numbers = { zstd: Compression.COMPRESSION_ZSTD, gzip: Compression.COMPRESSION_GZIP } as const;

/**
 * What a connection's uploads are compressed with. `auto`: not at all towards a collector on this machine, where bytes
 * cost nothing; otherwise zstd when the collector takes it, else gzip.
 *
 * @param offered what the collector's welcome says that it takes
 * @param url the collector's
 */
export function chooseCompression(
  choice: CompressionChoice,
  offered: readonly Compression[],
  url: string,
): Compressing {
  if (choice === 'off' || (choice === 'auto' && isThisMachine(new URL(url).hostname))) return undefined;
  const wanted = choice === 'auto' ? (['zstd', 'gzip'] as const) : [choice];
  return wanted.find((one) => offered.includes(numbers[one]));
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || isLoopback(host.replace(/^\[|\]$/g, ''));
}

const zstdAsync = promisify(zstdCompress);
const gzipAsync = promisify(gzip);

/** Measured by `bench/compression.ts`: see the table in `bench/README.md`. */
const zstdOptions = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };
const gzipOptions = { level: 6 };

/** Compresses in a thread of libuv's. */
export function compress(bytes: Uint8Array, how: 'zstd' | 'gzip'): Promise<Buffer> {
  return how === 'zstd' ? zstdAsync(bytes, zstdOptions) : gzipAsync(bytes, gzipOptions);
}

/** The number of a compression in the protocol. */
export function numberOf(how: 'zstd' | 'gzip'): Compression {
  return numbers[how];
}
