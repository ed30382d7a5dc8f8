import type { TestContext } from 'node:test';
import { loadConfig } from '../../../src/config/load.ts';
import type { Measurement } from '../../../src/core/measurement.ts';
import type { Message, RecentDelivery, Take } from '../../../src/core/message.ts';
import type { Shelf } from '../../../src/core/shelf.ts';
import { silentLog } from '../../../src/lib/log.ts';
import { ProfileDecoder } from '../../../src/profiles/decoder.ts';
import { createFramer } from '../../../src/profiles/framing/framing.ts';
import { compiledIn, loadLibrary } from '../../../src/profiles/library.ts';
import { modbusLines } from '../../../src/profiles/modbus-guess.ts';
import { guessProfiles, lineGuesses } from '../../../src/profiles/serial-guess.ts';
import { type SerialLine, serialLineOf } from '../../../src/profiles/serial-line.ts';
import { interrogation } from '../../../src/profiles/serial-questions.ts';
import type { openConnection } from '../../../src/sources/serial/connection.ts';
import type { SerialPortOptions } from '../../../src/sources/serial/options.ts';
import type { Pace } from '../../../src/sources/serial/port.ts';
import type { PortPlaces } from '../../../src/sources/serial/port-list.ts';
import { SerialSource } from '../../../src/sources/serial/serial.ts';
import type { SerialLanguage } from '../../../src/sources/serial/serial-carrier.ts';
import type { SerialPortStatus } from '../../../src/sources/serial/status.ts';
import { atEnd } from '../../support/at-end.ts';
import { MemoryDisk, shelfOn } from '../../support/memory-shelf.ts';
import { eventually } from '../../support/wait.ts';

export const library = loadLibrary();
const options = loadConfig({}).decode;

/** So short that a test sees what takes seconds in life; but a busy machine must not pass for a silent device. */
export const quick: Pace = { watchMs: 20, retryMinMs: 20, retryMaxMs: 50, quietMs: 60_000, noiseMs: 30_000 };

/** No profile needs it yet: Modbus devices are asked in another way. */
const byPauses: SerialLine = {
  bauds: [9600],
  format: '8N1',
  isByPauses: true,
  beginsLate: false,
  newFramer: () => createFramer({ kind: 'silence' }, true),
  polls: [],
  acknowledge: undefined,
  key: '',
};

const usualLineOf = (name: string): SerialLine | string =>
  name === 'test/pauses' ? byPauses : serialLineOf(name, library.profiles.get(name));

interface Extras {
  readonly take: Take;
  readonly maxInFlight: number;
  readonly pace: Pace;
  readonly places: PortPlaces;
  readonly lineOf: (profile: string) => SerialLine | string;
  readonly open: typeof openConnection;
  readonly language: SerialLanguage;
  readonly shelf: Shelf;
  /** What an earlier run has on record. */
  readonly recent: readonly RecentDelivery[];
}

const speechless: SerialLanguage = { portOf: () => undefined, wordsFor: () => undefined };

/** A serial source, with the decoder behind it and all that it delivered. */
export class SerialSite {
  readonly messages: Message[] = [];
  readonly measurements: Measurement[] = [];
  /** The payloads that became measurements. */
  readonly read: Buffer[] = [];
  /** What the log was told as a warning. */
  readonly warnings: string[] = [];
  readonly source: SerialSource;

  constructor(
    ports: readonly SerialPortOptions[],
    { take, maxInFlight = 256, pace = quick, places, lineOf, open, ...rest }: Partial<Extras> = {},
  ) {
    const { language = speechless, shelf = shelfOn(new MemoryDisk()), recent = [] } = rest;
    const byName = new Map(ports.map(({ name, profile }) => [name, profile]));
    const decoder = new ProfileDecoder({
      options,
      profiles: compiledIn(library),
      portProfile: (port) => byName.get(port),
    });
    this.source = new SerialSource({
      options: { ports: [...ports], maxInFlight },
      take:
        take ??
        ((message, bearer) => {
          this.messages.push(message);
          const { kind, measurements } = decoder.decode(message, 0);
          this.measurements.push(...measurements);
          if (kind === 'measurement') this.read.push(Buffer.from(message.payload));
          bearer.taken(this.messages.length);
        }),
      profiles: {
        lineOf: lineOf ?? usualLineOf,
        lines: () => lineGuesses(library),
        guess: (bytes) => guessProfiles(bytes, library, options),
        questions: (line) => interrogation(line, library, options),
        askedLines: modbusLines,
        ...language,
      },
      shelf,
      recentDeliveries: () => recent,
      devicesChanged: () => {},
      log: { ...silentLog, warn: (_, message) => void this.warnings.push(message) },
      pace,
      ...(places && { places }),
      ...(open && { open }),
    });
  }

  static async start(t: TestContext, ...args: ConstructorParameters<typeof SerialSite>): Promise<SerialSite> {
    const site = new SerialSite(...args);
    atEnd(t, () => site.source.stop());
    await site.source.start();
    return site;
  }

  port(index = 0): SerialPortStatus {
    return this.source.status().ports[index]!;
  }

  async opened(times = 1): Promise<void> {
    await eventually('the port to be open', () => this.port().state === 'open' && this.port().opened === times);
  }

  /** Values of one field, in the order in which they came. */
  values(field: string): unknown[] {
    return this.measurements
      .flatMap(({ fields }) => fields.filter(({ name }) => name === field))
      .map(({ value }) => value);
  }
}
