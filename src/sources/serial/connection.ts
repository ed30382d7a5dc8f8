import type { SerialPort } from 'serialport';

/** How the line is set. */
export interface LineSettings {
  readonly baud: number;
  /** `8N1` */
  readonly format: string;
  readonly flowControl: 'none' | 'hardware' | 'software';
  /** For so long the bytes of a device that speaks without a pause are gathered, in ms. Absent: they are not. */
  readonly gatherMs?: number;
}

/** An open port. */
export interface Connection {
  /** Resolves when it is no longer open, with the reason as a sentence; it never rejects. */
  readonly closed: Promise<string>;
  /** Nothing is read until `resume`; what the device sends meanwhile waits in the kernel, as far as it has room. */
  pause(): void;
  resume(): void;
  /** What the device has not taken for long is not added to. @returns whether it was: if not, it gets nothing of it */
  write(bytes: Uint8Array): boolean;
  /** @param reason what `closed` tells */
  close(reason: string): void;
}

/** An open serial port. */
export interface SerialConnection extends Connection {
  /** Changes the speed, once all that was written has gone out. @throws what the system says, as an Error */
  setBaud(baud: number): Promise<void>;
}

/** Bytes read at once: so little that a flood of them never holds the event loop for long. */
const readBytes = 4096;
/** What may wait for a device that takes nothing. */
const maxUnsentBytes = 4096;

/**
 * Opens a port for this process alone.
 * @throws what the system says, as an Error
 */
export async function openConnection(
  path: string,
  { baud, format, flowControl, gatherMs }: LineSettings,
  onData: (bytes: Uint8Array) => void,
): Promise<SerialConnection> {
  // Loaded by the first port: a gateway without any starts without it.
  const { SerialPort } = await import('serialport');
  const isSoftware = flowControl === 'software';
  const port = new SerialPort({
    path,
    baudRate: baud,
    dataBits: Number(format[0]) as 5 | 6 | 7 | 8,
    parity: parities[format[1]!]!,
    stopBits: Number(format[2]) as 1 | 2,
    rtscts: flowControl === 'hardware',
    xon: isSoftware,
    xoff: isSoftware,
    highWaterMark: readBytes,
    autoOpen: false,
  });
  await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())));
  if (gatherMs !== undefined) gather(port, gatherMs);
  return connectionOf(port, onData);
}

/** Who says so much at once is not kept waiting: the kernel has room for 4096 bytes. */
const muchBytes = 512;

/**
 * Reads in lots what comes without a pause. A read takes a thread and some turns of the event loop, whatever it brings; a stream of frames
 * of 32 bytes would pay that for each of them.
 */
function gather(port: SerialPort, gatherMs: number): void {
  const read = port._read.bind(port);
  let lastAt = Number.NEGATIVE_INFINITY;
  let isFlowing = false;
  port.on('data', ({ length }: Uint8Array) => {
    const now = performance.now();
    isFlowing = now - lastAt < 2 * gatherMs && length < muchBytes;
    lastAt = now;
  });
  port._read = (size) => {
    if (isFlowing) setTimeout(read, gatherMs, size);
    else read(size);
  };
}

const parities: Readonly<Record<string, 'none' | 'even' | 'odd'>> = { N: 'none', E: 'even', O: 'odd' };

function connectionOf(port: SerialPort, onData: (bytes: Uint8Array) => void): SerialConnection {
  const { promise, resolve } = Promise.withResolvers<string>();
  let why: string | undefined;
  port.on('data', onData);
  // A failed read or write closes it too; that event says why.
  port.on('error', (error: Error) => resolve(`It failed: ${error.message}.`));
  port.on('close', (error: Error | null) => resolve(why ?? `It was unplugged (${error?.message ?? 'it was closed'}).`));
  return {
    closed: promise,
    pause: () => port.pause(),
    resume: () => port.resume(),
    write: (bytes) => {
      if (!port.isOpen || port.writableLength >= maxUnsentBytes) return false;
      port.write(bytes);
      return true;
    },
    setBaud: async (baudRate) => {
      await new Promise<void>((done, failed) => port.drain((error) => (error ? failed(error) : done())));
      await new Promise<void>((done, failed) => port.update({ baudRate }, (error) => (error ? failed(error) : done())));
    },
    close: (reason) => {
      why ??= reason;
      port.off('data', onData);
      port.pause();
      if (port.isOpen) port.close();
      else if (!port.closing) resolve(why);
    },
  };
}
