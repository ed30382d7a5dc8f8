import type { ModbusDevice } from '../../profiles/modbus/device.ts';
import { answerSize } from '../../profiles/modbus/pdu.ts';
import { type Connection, openConnection } from '../serial/connection.ts';
import { explainOpenFailure, nodeAt } from '../serial/node.ts';
import type { ModbusBusOptions } from './options.ts';
import { connectFailureText, openTcpConnection } from './tcp-connection.ts';
import { TcpWire } from './tcp-wire.ts';
import { RtuWire, type Wire } from './wire.ts';

/** What a bus is on: how it is connected to, and how long things take there. */
export interface Line {
  /** `9600 8N1`; undefined: there is nothing to set. */
  readonly text: string | undefined;
  readonly isNumbered: boolean;
  /** It is reached over the network: that the other end is gone may be told by nobody. */
  readonly isRemote: boolean;
  /** Time of a request and its answer on the line, in ms. */
  readonly airMs: (pdu: Uint8Array) => number;
  /** How long it is silent before it is written to, in ms. */
  readonly quietMs: number;
  /** After so much silence nothing more of what has begun comes, in ms. */
  readonly pauseMs: number;
  readonly newWire: (units: ReadonlySet<number>) => Wire;
  /** Connects. @throws what the system says, as an Error */
  readonly connect: (heard: (bytes: Uint8Array) => void, signal: AbortSignal) => Promise<Connection>;
  /** Why that failed, as a sentence. */
  readonly explain: (error: unknown) => Promise<string>;
  /** Another one, or none, says that what was there is gone. */
  readonly identity: () => Promise<string | undefined>;
}

/** Modbus over serial line 1.02, 2.5.1.1: 3.5 characters of silence stand between frames, but never less than 1.75 ms. */
const pauseCharacters = 3.5;
const leastQuietMs = 1.75;
/** A character of a Modbus line has 11 bits. */
const characterBits = 11;
/** USB adapters and the kernel hand over bytes in lots, up to 16 ms apart. */
const leastPauseMs = 20;
/** An adapter in a network sends what it has when it likes. */
const networkPauseMs = 50;

/** @param devices what profiles say of the units, in the order of the configuration */
export function lineOf(options: ModbusBusOptions, devices: readonly ModbusDevice[]): Line {
  const { path, host = '127.0.0.1', port = 502, framing = 'tcp', delay } = options;
  if (path !== undefined) return serialLine(path, options, devices);
  const there = network(host, port);
  if (framing === 'tcp')
    return {
      ...there,
      text: undefined,
      isNumbered: true,
      airMs: () => 0,
      quietMs: delay,
      pauseMs: 0,
      newWire: () => new TcpWire(),
    };
  const line = lineTimes(options, devices);
  // Its own settings are the adapter's.
  return { ...line, ...there, text: undefined, pauseMs: Math.max(line.pauseMs, networkPauseMs) };
}

type Place = Pick<Line, 'isRemote' | 'connect' | 'explain' | 'identity'>;

function network(host: string, port: number): Place {
  return {
    isRemote: true,
    connect: (heard, signal) => openTcpConnection(host, port, heard, signal),
    explain: async (error) => connectFailureText(host, port, error),
    // Whether a server is there is only known by connecting to it.
    identity: async () => undefined,
  };
}

function serialLine(path: string, options: ModbusBusOptions, devices: readonly ModbusDevice[]): Line {
  const { baud, format, ...line } = lineTimes(options, devices);
  return {
    ...line,
    isRemote: false,
    connect: (heard) => openConnection(path, { baud, format, flowControl: 'none' }, heard),
    explain: (error) => explainOpenFailure(path, error),
    identity: async () => (await nodeAt(path))?.identity,
  };
}

/** What a serial line is like, wherever it is. */
function lineTimes(options: ModbusBusOptions, devices: readonly ModbusDevice[]) {
  const baud = options.baud ?? devices.find((one) => one.baud !== undefined)?.baud ?? 9600;
  const format = options.format ?? devices.find((one) => one.format !== undefined)?.format ?? '8N1';
  const characterMs = (characterBits * 1_000) / baud;
  const silenceMs = Math.max(leastQuietMs, pauseCharacters * characterMs);
  return {
    baud,
    format,
    text: `${baud} ${format}`,
    isNumbered: false,
    airMs: (pdu: Uint8Array) => (pdu.length + answerSize(pdu) + 6) * characterMs,
    quietMs: silenceMs + options.delay,
    pauseMs: Math.max(leastPauseMs, silenceMs),
    newWire: (units: ReadonlySet<number>) => new RtuWire(units),
  };
}

export interface Dialling {
  readonly heard: (bytes: Uint8Array) => void;
  readonly watchMs: number;
  /** Why the connection is not to go on, as a sentence; undefined: all is well. */
  readonly obstacle: () => string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Connects, and closes the connection when what it leads to is gone or something else is in its way.
 *
 * @returns why not, as a sentence, when that fails
 */
export async function dial(line: Line, { heard, watchMs, obstacle, signal }: Dialling): Promise<Connection | string> {
  try {
    const before = await line.identity();
    const connection = await line.connect(heard, signal);
    // It may have come between the two.
    const identity = before ?? (await line.identity());
    const watch = setInterval(async () => {
      const reason =
        obstacle() ?? ((await line.identity()) === identity ? undefined : 'It was unplugged: its device node is gone.');
      if (reason !== undefined) connection.close(reason);
    }, watchMs);
    void connection.closed.then(() => clearInterval(watch));
    return connection;
  } catch (error) {
    return await line.explain(error);
  }
}
