/** What a file in an archive is, besides its content. */
export interface TarEntry {
  /** Up to 255 bytes of ASCII, of which the last 100 hold a whole name behind a `/`. */
  readonly path: string;
  /** Under 8 GiB. */
  readonly bytes: number;
  readonly modifiedMs: number;
}

const block = 512;
const maxNameBytes = 100;
const maxPrefixBytes = 155;
const maxBytes = 8 * 2 ** 30 - 1;

/** The end of an archive: two blocks of nothing. */
export const tarEnd: Buffer = Buffer.alloc(2 * block);

/** What stands before a file's content: POSIX.1-1988, "ustar Interchange Format". @throws a RangeError for what it can't say */
export function tarHeader({ path, bytes, modifiedMs }: TarEntry): Buffer {
  const [prefix, name] = splitPath(path);
  if (bytes > maxBytes) throw new RangeError(`${path} is too large for an archive.`);
  const header = Buffer.alloc(block);
  const octal = (value: number, at: number, length: number): void => {
    header.write(
      Math.floor(value)
        .toString(8)
        .padStart(length - 1, '0'),
      at,
      'latin1',
    );
  };
  header.write(name, 0, 'latin1');
  octal(0o600, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(bytes, 124, 12);
  octal(Math.max(0, modifiedMs / 1000), 136, 12);
  // The checksum counts itself as spaces.
  header.fill(' ', 148, 156);
  header.write('0', 156, 'latin1');
  header.write('ustar\u000000', 257, 'latin1');
  header.write(prefix, 345, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** What fills a file's last block. */
export function tarPadding(bytes: number): Buffer {
  return Buffer.alloc((block - (bytes % block)) % block);
}

function splitPath(path: string): readonly [prefix: string, name: string] {
  if (/[^\x20-\x7e]/.test(path)) throw new RangeError(`${path} is no name for an archive.`);
  if (path.length <= maxNameBytes) return ['', path];
  const at = path.indexOf('/', path.length - maxNameBytes - 1);
  if (at < 1 || at > maxPrefixBytes) throw new RangeError(`${path} is too long for an archive.`);
  return [path.slice(0, at), path.slice(at + 1)];
}
